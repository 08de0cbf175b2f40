// Prints one line per finding of the official parser and fails if any is an error or a warning.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(readFileSync(process.argv[2], "utf-8"));
const ERROR = 0, WARNING = 1;
const findings = diagnostics.filter(({ severity }) => severity === ERROR || severity === WARNING);
for (const { code, path, message } of findings) console.log(`${code} at ${path.join(".")}: ${message}`);
if (!document || findings.length > 0) process.exit(1);
console.log(`valid: ${document.channels().length} channels, ${document.messages().length} messages`);
