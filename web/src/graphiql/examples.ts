import { MUTATIONS } from "./examples-mutations";
import { QUERIES } from "./examples-queries";
import { SUBSCRIPTIONS } from "./examples-subscriptions";

export interface Words {
  readonly id: string;
  readonly en: string;
}

export interface Example {
  /** Stable, for tests. */
  readonly key: string;
  readonly name: Words;
  readonly query: string;
  /** "NEW_KEY" becomes a fresh idempotency key each time the example is opened. */
  readonly variables?: Record<string, unknown>;
  /** Who may run it, where not everybody may. */
  readonly role?: "warga" | "petugas" | "dispatcher" | "mitra" | "admin";
}

export interface ExampleGroup {
  readonly name: Words;
  readonly examples: readonly Example[];
}

/** One example for each thing the hub can do. test/operations.test.ts holds them against its schema, none may be left out. */
export const EXAMPLES: readonly ExampleGroup[] = [...QUERIES, ...SUBSCRIPTIONS, ...MUTATIONS];

const KEY_BYTES = 18;

/** The variables as they go into the editor. */
export function variablesOf({ variables }: Example): string {
  if (!variables) return "";
  return JSON.stringify(variables, (_name, value) => (value === "NEW_KEY" ? drawKey() : value), 2);
}

/** 24 characters out of 64, drawn from the machine's own randomness. */
function drawKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_");
}
