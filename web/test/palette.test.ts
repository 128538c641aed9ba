import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { SHAPES } from "../src/look/states";
import { hubSchema } from "./hub-schema";

const css = readFileSync(new URL("../src/look/palette.css", import.meta.url), "utf8");
const base = readFileSync(new URL("../src/look/base.css", import.meta.url), "utf8");
const FLOOD_ORDER = ["none", "caution", "minor", "moderate", "severe"];

function colours(sheet: string, theme: "light" | "dark"): Map<string, string> {
  const [light = "", dark = ""] = sheet.split("@media (prefers-color-scheme: dark)");
  return new Map(
    [...(theme === "light" ? light : dark).matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [
      name as string,
      value as string,
    ]),
  );
}

type Rgb = readonly [number, number, number];

function linear(hex: string): Rgb {
  const channel = (at: number) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}

const luminance = ([r, g, b]: Rgb) => 0.2126 * r + 0.7152 * g + 0.0722 * b;

/** WCAG 2.2, 1.4.3. */
function contrast(one: string, other: string): number {
  const [a, b] = [luminance(linear(one)), luminance(linear(other))];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

/** How the three kinds of colour blindness see it: Machado, Oliveira and Fernandes (2009), full severity, on linear RGB. */
const EYES: Record<string, readonly Rgb[]> = {
  usual: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protan: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deutan: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritan: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

function seen(hex: string, eyes: readonly Rgb[]): Rgb {
  const [r, g, b] = linear(hex);
  return eyes.map(([x, y, z]) => Math.min(1, Math.max(0, x * r + y * g + z * b))) as unknown as Rgb;
}

/** CIE L*a*b* (D65). */
function lab([r, g, b]: Rgb): Rgb {
  const f = (t: number) => (t > 216 / 24389 ? Math.cbrt(t) : (24389 / 27 / 116) * t + 16 / 116);
  const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047);
  const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
  const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const apart = (a: Rgb, b: Rgb) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);

describe.each(["light", "dark"] as const)("in %s", (theme) => {
  const palette = colours(css, theme);
  const surface = colours(base, theme);
  const colour = (name: string) => palette.get(name) ?? surface.get(name) ?? `(no --${name})`;
  const tones = [...palette.keys()].filter((name) => name.endsWith("-bg")).map((name) => name.slice(0, -3));

  test("each state with a shape has a tone, and a class that wears it", () => {
    for (const [kind, shapes] of Object.entries(SHAPES)) {
      for (const value of Object.keys(shapes)) {
        const tone = `${kind}-${value.toLowerCase().replaceAll("_", "-")}`;
        expect(tones).toContain(tone);
        expect(css).toContain(`.tone-${tone} {`);
      }
    }
  });

  test.each(tones)("the ink of %s can be read on its ground", (tone) => {
    expect(contrast(colour(`${tone}-fg`), colour(`${tone}-bg`))).toBeGreaterThanOrEqual(4.5);
  });

  test.each([
    ["ink", "page"],
    ["ink", "surface"],
    ["ink-soft", "page"],
    ["ink-soft", "surface"],
    ["ink-soft", "sunken"],
    ["accent", "page"],
    ["accent", "surface"],
    ["accent-ink", "accent"],
    ["ink", "accent-soft"],
    ["source-down-fg", "surface"],
  ])("%s can be read on %s", (ink, ground) => {
    expect(contrast(colour(ink), colour(ground))).toBeGreaterThanOrEqual(4.5);
  });

  test.each(["page", "surface"])("the focus ring stands out from %s", (ground) => {
    expect(contrast(colour("focus"), colour(ground))).toBeGreaterThanOrEqual(3);
  });

  test.each(Object.entries(EYES))("%s eyes tell every flood state from every other", (_name, eyes) => {
    const grounds = FLOOD_ORDER.map((state) => lab(seen(colour(`flood-${state}-bg`), eyes)));
    for (const [i, one] of grounds.entries()) {
      for (const other of grounds.slice(i + 1)) expect(apart(one, other)).toBeGreaterThanOrEqual(11);
    }
  });

  test.each(Object.entries(EYES))("for %s eyes lightness alone gives the order of floods", (_name, eyes) => {
    const lightness = FLOOD_ORDER.map((state) => lab(seen(colour(`flood-${state}-bg`), eyes))[0]);
    const steps = lightness.slice(1).map((next, i) => next - (lightness[i] ?? 0));
    const worseIs = theme === "light" ? -1 : 1;
    // NONE and CAUTION may be equally light: hue, shape and word part them.
    for (const step of steps.slice(1)) expect(step * worseIs).toBeGreaterThanOrEqual(5);
  });
});

test("every state that the hub's schema knows has a shape", (context) => {
  const schema = hubSchema(context);
  const names = { status: "ReportStatus", flood: "FloodState", source: "SourceState" } as const;
  for (const [kind, name] of Object.entries(names)) {
    const type = schema.getType(name);
    const values = type && "getValues" in type ? type.getValues().map((value) => value.name) : [];
    expect(Object.keys(SHAPES[kind as keyof typeof names]).sort()).toEqual(values.sort());
  }
});
