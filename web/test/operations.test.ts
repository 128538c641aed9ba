import { coerceInputValue, type GraphQLSchema, isInputType, parse, typeFromAST, validate, visit } from "graphql";
import { describe, expect, test } from "vitest";
import { EXAMPLES, type Example, variablesOf } from "../src/graphiql/examples";
import * as operations from "../src/hub/operations";
import { hubSchema } from "./hub-schema";

const documents = Object.entries(operations).filter(([, text]) => typeof text === "string") as [string, string][];
const examples = EXAMPLES.flatMap((group) => group.examples);

function mistakes(schema: GraphQLSchema, query: string): string[] {
  return validate(schema, parse(query)).map((error) => error.message);
}

/** What the schema would say to these variables. */
function variableMistakes(schema: GraphQLSchema, example: Example): string[] {
  const found: string[] = [];
  const variables = JSON.parse(variablesOf(example) || "{}") as Record<string, unknown>;
  visit(parse(example.query), {
    VariableDefinition(node) {
      const type = typeFromAST(schema, node.type);
      const name = node.variable.name.value;
      if (!isInputType(type)) return;
      if (!(name in variables)) found.push(`$${name} is given no value`);
      else
        coerceInputValue(variables[name], type, (path, _value, error) =>
          found.push(`$${name} ${path}: ${error.message}`),
        );
    },
  });
  return found;
}

/** The root fields that a list of documents asks for, as "Query.reports". */
function rootFields(queries: readonly string[]): Set<string> {
  const roots = { query: "Query", mutation: "Mutation", subscription: "Subscription" };
  const fields = new Set<string>();
  for (const query of queries) {
    for (const definition of parse(query).definitions) {
      if (definition.kind !== "OperationDefinition") continue;
      for (const selection of definition.selectionSet.selections) {
        if (selection.kind === "Field") fields.add(`${roots[definition.operation]}.${selection.name.value}`);
      }
    }
  }
  return fields;
}

describe("against the hub's schema", () => {
  test("every document of the pages is valid", (context) => {
    const schema = hubSchema(context);
    for (const [name, text] of documents) expect([name, mistakes(schema, text)]).toEqual([name, []]);
  });

  test("every example is valid, its variables included", (context) => {
    const schema = hubSchema(context);
    for (const example of examples) {
      expect([example.key, mistakes(schema, example.query)]).toEqual([example.key, []]);
      expect([example.key, variableMistakes(schema, example)]).toEqual([example.key, []]);
    }
  });

  test("there is an example for each thing that the hub can do", (context) => {
    const schema = hubSchema(context);
    const asked = rootFields(examples.map(({ query }) => query));
    const offered = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap((root) =>
      Object.keys(root?.getFields() ?? {}).map((field) => `${root?.name}.${field}`),
    );
    expect(offered.filter((field) => !asked.has(field))).toEqual([]);
  });
});

test("examples have keys of their own and names in both languages", () => {
  expect(new Set(examples.map(({ key }) => key)).size).toBe(examples.length);
  for (const { name } of [...examples, ...EXAMPLES]) expect(name.id && name.en).toBeTruthy();
});

test("each opening of an example draws a new idempotency key, long enough for the hub", () => {
  const submit = examples.find(({ key }) => key === "submitReport") as Example;
  const keys = [variablesOf(submit), variablesOf(submit)].map(
    (text) => JSON.parse(text).input.idempotencyKey as string,
  );
  expect(keys[0]).not.toBe(keys[1]);
  for (const key of keys) expect(key).toMatch(/^[\w-]{22,128}$/);
});
