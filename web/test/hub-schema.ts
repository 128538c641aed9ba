import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildSchema, type GraphQLSchema } from "graphql";
import type { TestContext } from "vitest";

const FILE = process.env.SIMPUL_SCHEMA ?? fileURLToPath(new URL("../../schema/schema.graphql", import.meta.url));

/** The SDL that the hub commits. Skips the test, and says so, in a checkout that has none. */
export function hubSchema(context: TestContext): GraphQLSchema {
  if (!existsSync(FILE)) {
    console.warn(`skipped: there is no ${FILE} to check against`);
    context.skip(`there is no ${FILE} to check against`);
  }
  return buildSchema(readFileSync(FILE, "utf8"));
}
