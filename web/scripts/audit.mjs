// Runs the audit of npm's graphql-http against a hub and prints each result, then the sum, as the audit words them.
// Usage: node scripts/audit.mjs http://127.0.0.1:8000/graphql
import { auditServer } from "graphql-http";

const results = await auditServer({ url: process.argv[2] });
const counted = { ok: 0, notice: 0, warn: 0, error: 0 };
for (const result of results) {
  counted[result.status] += 1;
  console.log(`${result.status.padEnd(6)} ${result.id} ${result.name}${result.reason ? `: ${result.reason}` : ""}`);
}
const { ok, notice, warn, error } = counted;
console.log(`${ok} of ${results.length} ok, ${notice} notices, ${warn} warnings, ${error} errors`);
process.exitCode = ok === results.length ? 0 : 1;
