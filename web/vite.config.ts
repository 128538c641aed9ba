import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { precompress } from "./precompress.ts";

const pages = ["index.html", "graphiql.html"];
const hub = process.env.SIMPUL_HUB ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react(), precompress()],
  worker: { format: "es" },
  build: {
    target: "es2022",
    rollupOptions: {
      input: pages,
      // GraphiQL's files are marked for the React compiler; the mark means nothing to a bundle.
      onwarn: (warning, warn) => warning.code === "MODULE_LEVEL_DIRECTIVE" || warn(warning),
    },
    // Inlined images and fonts would need `data:` in the Content-Security-Policy.
    assetsInlineLimit: 0,
    // The polyfill would be one more script for browsers that we do not serve anyway.
    modulePreload: { polyfill: false },
    // Monaco, which GraphiQL edits with, is as large as it is; the start page's own budget is checked by a test.
    chunkSizeWarningLimit: 6000,
    reportCompressedSize: false,
  },
  // `npm run dev` shows the pages with hot reload against a hub that runs beside it.
  server: { proxy: { "/graphql": { target: hub, ws: true }, "/photos": hub, "/schema.graphql": hub } },
  test: {
    include: ["test/**/*.test.ts"],
    environment: "node",
    // All through Vite, else the tests' graphql and that of the libraries are two instances, which graphql refuses.
    server: { deps: { inline: [/graphql/] } },
  },
});
