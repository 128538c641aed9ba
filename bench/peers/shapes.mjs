// How a row becomes the fields of the schema; shared by the servers on Node.

const FLOOD_STATES = ["NONE", "CAUTION", "MINOR", "MODERATE", "SEVERE"];
const publicUrl = process.env.BENCH_PUBLIC_URL ?? "http://bench";

/** A moment of whole microseconds, as RFC 3339 with six decimals. */
export function written(micros) {
  const seconds = Math.floor(micros / 1_000_000);
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(micros % 1_000_000).padStart(6, "0")}Z`;
}

/** One page out of the rows, of which there is one more than asked for if there are more. */
export function connection(rows, first) {
  const nodes = rows.slice(0, first);
  const last = nodes.at(-1);
  const endCursor = last ? Buffer.from(`${last.reported_at}:${last.id}`).toString("base64") : null;
  return { nodes, pageInfo: { hasNextPage: rows.length > first, endCursor } };
}

/** Resolvers of fields that are read off the row. */
export const fields = {
  Report: {
    reportedAt: (row) => written(row.reported_at),
    supportCount: (row) => row.support_count,
    location: (row) =>
      row.public_latitude === null ? null : { latitude: row.public_latitude, longitude: row.public_longitude },
  },
  Photo: { url: (row) => `${publicUrl}/photos/${row.address}` },
  Reporter: { displayName: (row) => row.display_name },
  FloodArea: { state: (row) => FLOOD_STATES[row.state] },
  LaporTicket: { trackingId: (row) => row.tracking_id },
  ReportEvent: { at: (row) => written(row.at) },
};
