// Unpacks the Chromium that the package @sparticuz/chromium carries into a folder, and prints the path of its binary.
// Usage: node scripts/unpack-chromium.mjs FOLDER
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";

const folder = resolve(process.argv[2] ?? ".");
mkdirSync(folder, { recursive: true });
// The package unpacks into the folder for temporary files, and reads both of these when it is loaded. It brings system
// libraries (NSS and such) only to where it thinks it needs them: with them it runs on bare containers as well.
process.env.TMPDIR = folder;
process.env.AWS_EXECUTION_ENV = "AWS_Lambda_nodejs20.x";

const { default: chromium } = await import("@sparticuz/chromium");
console.log(await chromium.executablePath());
