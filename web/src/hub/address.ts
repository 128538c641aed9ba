/**
 * A photo's address on the origin that this page came from. The hub writes addresses with the name it was told to go by
 * (SIMPUL_PUBLIC_URL); a page opened by another of its names (localhost, an address in the house) reaches the same hub,
 * but its Content-Security-Policy allows its own origin alone.
 */
export function onThisOrigin(address: string): string {
  const { pathname, search } = new URL(address, "http://hub");
  return pathname + search;
}
