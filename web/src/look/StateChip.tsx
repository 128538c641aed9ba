import { sayValue, useLanguage } from "../words/words";
import { SHAPES, type StateKind, shapeOf } from "./states";

/** A state told three ways at once: word, shape, colour. */
export function StateChip({ kind, value }: { kind: StateKind; value: string }) {
  useLanguage();
  const Shape = shapeOf(kind, value);
  const tone = value in SHAPES[kind] ? `${kind}-${value.toLowerCase().replaceAll("_", "-")}` : "other";
  return (
    <span className={`chip tone-${tone}`}>
      <Shape size={16} aria-hidden="true" />
      {sayValue(kind, value)}
    </span>
  );
}
