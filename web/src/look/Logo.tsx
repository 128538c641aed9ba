/** A knot of two strands: where the city's separate lines are tied together. */
export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true">
      <g fill="none" strokeWidth="3.4" strokeLinecap="round">
        <path className="strand-one" d="M3 21c6 0 8-3 10-7s4-6 7-6a5 5 0 0 1 0 10" />
        <path className="strand-two" d="M29 11c-6 0-8 3-10 7s-4 6-7 6a5 5 0 0 1 0-10" />
      </g>
    </svg>
  );
}
