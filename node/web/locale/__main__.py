"""``python -m node.web.locale``: bring the catalogues in step with the texts, and say what is left to translate."""

import sys

from node.web.locale.extract import in_step, messages, missing, path_of, translated_languages

for spoken in translated_languages():
    path = path_of(spoken)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(in_step(spoken))
    sys.stdout.write(f"{path}: {len(messages())} texts, {len(missing(spoken))} to be translated.\n")
