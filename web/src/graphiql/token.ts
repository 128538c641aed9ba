/** The headers editor holds JSON that a person may be in the middle of typing. */
function parse(headers: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(headers || "{}");
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) ? { ...parsed } : {};
  } catch {
    return {};
  }
}

function isAuthorization(name: string): boolean {
  return name.toLowerCase() === "authorization";
}

function bare(headers: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(parse(headers)).filter(([name]) => !isAuthorization(name)));
}

/** The headers with this token in them; `Bearer ` may have been pasted along. */
export function withToken(headers: string, token: string): string {
  const value = `Bearer ${token.trim().replace(/^bearer\s+/i, "")}`;
  return JSON.stringify({ ...bare(headers), Authorization: value }, null, 2);
}

export function withoutToken(headers: string): string {
  const rest = bare(headers);
  return Object.keys(rest).length > 0 ? JSON.stringify(rest, null, 2) : "";
}

export function usesToken(headers: string): boolean {
  return Object.keys(parse(headers)).some(isAuthorization);
}
