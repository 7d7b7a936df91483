// A certified OpenID Connect provider on loopback, for tests: node provider.mjs <folder with node_modules> <port>.
// One line of JSON on standard input sets it up; it prints "ready" once it listens, and ends with its input.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [folder, port] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${folder}/package.json`));
const { Provider } = await import(pathToFileURL(require.resolve("oidc-provider")));

const lines = createInterface({ input: process.stdin });
lines.once("line", (line) => {
  const { issuer, client, people, keys } = JSON.parse(line);
  const provider = new Provider(issuer, {
    clients: [client],
    jwks: { keys },
    pkce: { required: () => true },
    conformIdTokenClaims: false,
    claims: { openid: ["sub"], profile: ["name", "preferred_username", "groups"] },
    cookies: { keys: ["only-for-tests"] },
    findAccount: (_, id) =>
      people[id] && { accountId: id, claims: async () => ({ sub: id, ...people[id] }) },
  });
  provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
});
lines.on("close", () => process.exit(0));
