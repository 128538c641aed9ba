// A filter of reports as SQL, for somebody who is not signed in. bench/where.py says the same in Python.

const RADIUS = 6371008.8;
const RAD = Math.PI / 180;
const micros = (text) => Date.parse(text) * 1000;

/** The condition on `reports` and its values, with question marks; `codes` has the rows that codes stand for. */
export function where(filter, codes) {
  const parts = ["visibility = 'PUBLIC'"];
  const values = [];
  const oneOf = (column, found) => {
    parts.push(`${column} IN (${found.map(() => "?").join(", ")})`);
    values.push(...found);
  };
  if (filter?.areas) oneOf("public_area_id", filter.areas.flatMap((code) => codes.areas.get(code)));
  if (filter?.categories) oneOf("category_id", filter.categories.map((code) => codes.categories.get(code)));
  if (filter?.sources) oneOf("source_id", filter.sources.map((code) => codes.sources.get(code)));
  if (filter?.statuses) oneOf("status", filter.statuses);
  if (filter?.within) box(parts, values, filter.within);
  if (filter?.near) circle(parts, values, filter.near);
  if (filter?.reportedAfter) {
    parts.push("reported_at >= ?");
    values.push(micros(filter.reportedAfter));
  }
  if (filter?.reportedBefore) {
    parts.push("reported_at < ?");
    values.push(micros(filter.reportedBefore));
  }
  return [parts.join(" AND "), values];
}

function box(parts, values, { south, north, west, east }) {
  parts.push("public_latitude BETWEEN ? AND ? AND public_longitude BETWEEN ? AND ?");
  values.push(south, north, west, east);
}

function circle(parts, values, { latitude, longitude, withinMeters }) {
  const high = (withinMeters + 0.05) / RADIUS / RAD;
  const wide = (high / Math.cos(latitude * RAD)) * 1.001;
  box(parts, values, {
    south: latitude - high,
    north: latitude + high,
    west: longitude - wide,
    east: longitude + wide,
  });
  const half = RAD / 2;
  parts.push(
    `round(asin(least(1.0, sqrt(sin((public_latitude - ?) * ${half}) * sin((public_latitude - ?) * ${half})` +
      ` + cos(public_latitude * ${RAD}) * ? * sin((public_longitude - ?) * ${half})` +
      ` * sin((public_longitude - ?) * ${half})))) * ${2000 * RADIUS}) <= ?`,
  );
  values.push(latitude, latitude, Math.cos(latitude * RAD), longitude, longitude, Math.round(withinMeters * 1000));
}
