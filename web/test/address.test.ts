import { expect, test } from "vitest";
import { onThisOrigin } from "../src/hub/address";

test("a photo is fetched from where the page came from, its signature kept", () => {
  expect(onThisOrigin("http://127.0.0.1:8000/photos/abc/thumbnail?sig=1")).toBe("/photos/abc/thumbnail?sig=1");
  expect(onThisOrigin("/photos/abc")).toBe("/photos/abc");
});
