import { promises as files } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Plugin } from "vite";

const COMPRESSIBLE = /\.(html|js|css|svg|json|ttf)$/;
const SMALLEST_WORTH_IT = 1024;

/** Writes a .br and a .gz beside each built file, so that the hub sends the small one without ever compressing itself. */
export function precompress(): Plugin {
  let folder = "dist";
  return {
    name: "precompress",
    apply: "build",
    configResolved(config) {
      folder = join(config.root, config.build.outDir);
    },
    async closeBundle() {
      for (const entry of await files.readdir(folder, { recursive: true })) {
        if (COMPRESSIBLE.test(entry)) await compress(join(folder, entry));
      }
    },
  };
}

async function compress(path: string): Promise<void> {
  const raw = await files.readFile(path);
  if (raw.length < SMALLEST_WORTH_IT) return;
  // 11 takes half a minute over Monaco for three percent.
  const quality = raw.length > 500_000 ? 9 : 11;
  const params = { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: raw.length };
  await files.writeFile(`${path}.br`, await promisify(brotliCompress)(raw, { params }));
  await files.writeFile(`${path}.gz`, await promisify(gzip)(raw, { level: 9 }));
}
