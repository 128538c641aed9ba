import { expect, test } from "vitest";
import { usesToken, withoutToken, withToken } from "../src/graphiql/token";

test("a token goes into the headers beside what is there, once", () => {
  const headers = withToken('{"Accept-Language": "en", "authorization": "Bearer old"}', "  Bearer abc ");
  expect(JSON.parse(headers)).toEqual({ "Accept-Language": "en", Authorization: "Bearer abc" });
  expect(usesToken(headers)).toBe(true);
});

test("it is taken out again, and an empty editor stays empty", () => {
  expect(withoutToken(withToken("", "abc"))).toBe("");
  expect(usesToken("")).toBe(false);
});

test("headers that are still being typed do no harm", () => {
  expect(usesToken('{"Autho')).toBe(false);
  expect(JSON.parse(withToken('{"Autho', "abc"))).toEqual({ Authorization: "Bearer abc" });
});
