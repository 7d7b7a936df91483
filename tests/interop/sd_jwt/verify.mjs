// Reads {key, now, presentations: {name: text}} from standard input and answers, for each name, the payload that
// @sd-jwt/core verified with its disclosed fields in place, or the words in which it refused.
// Usage: node verify.mjs <folder with node_modules>
import { createHash, createPublicKey, verify } from "node:crypto";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const installed = createRequire(join(process.argv[2], "package.json"));
const { SDJwtInstance } = await import(pathToFileURL(installed.resolve("@sd-jwt/core")));

const { key, now, presentations } = JSON.parse(readFileSync(0, "utf8"));
const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: key }, format: "jwk" });
const library = new SDJwtInstance({
  hashAlg: "sha-256",
  hasher: (data, algorithm) => {
    if (algorithm !== "sha-256") throw new Error(`hash algorithm ${algorithm}`);
    return new Uint8Array(createHash("sha256").update(data).digest());
  },
  verifier: (data, signature) => verify(null, Buffer.from(data), publicKey, Buffer.from(signature, "base64url")),
});

const answers = {};
for (const [name, text] of Object.entries(presentations)) {
  try {
    const { payload, header } = await library.verify(text, { currentDate: now });
    answers[name] = { payload, header };
  } catch (error) {
    answers[name] = { refused: String(error.message) };
  }
}
process.stdout.write(JSON.stringify(answers));
