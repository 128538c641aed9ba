import type { ExampleGroup } from "./examples";

const JAKARTA = { west: 106.68, south: -6.38, east: 106.98, north: -6.08 };
const KAMPUNG_MELAYU = { latitude: -6.2246, longitude: 106.864 };

export const QUERIES: readonly ExampleGroup[] = [
  {
    name: { id: "Laporan", en: "Reports" },
    examples: [
      {
        key: "reports",
        name: { id: "Laporan terbaru", en: "Newest reports" },
        query: `# Laporan terbaru dari semua sumber, beserta kursor untuk berlangganan dari titik ini.
# The newest reports of all sources, and the cursor to subscribe from.
query NewestReports {
  logCursor
  reports(first: 10) {
    totalCount
    nodes {
      id
      code
      text
      status
      reportedAt
      category { code name }
      area { name parent { name } }
      source { name }
      photos { url thumbnailUrl }
      flood { depthCm }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
      },
      {
        key: "reports-filtered",
        name: { id: "Saring dan cari", en: "Filter and search" },
        query: `# Semua saringan boleh digabung. "frasa" dicari utuh, -kata dikecualikan.
# Filters combine freely. "a phrase" is matched whole, -word is left out.
query OpenFloodReports($filter: ReportFilter) {
  reports(filter: $filter, orderBy: NEWEST, first: 20) {
    totalCount
    nodes { code text status reportedAt area { name } }
  }
}
`,
        variables: {
          filter: {
            categories: ["flood"],
            open: true,
            areas: ["31.74"],
            reportedWithinHours: 24,
            search: "air -surut",
          },
        },
      },
      {
        key: "reports-near",
        name: { id: "Di dekat satu titik", en: "Near a point" },
        query: `query NearMe($near: NearInput!) {
  reports(filter: { near: $near }, orderBy: NEAREST, first: 10) {
    nodes { code text status location { latitude longitude } locationPrecision }
  }
}
`,
        variables: { near: { ...KAMPUNG_MELAYU, withinMeters: 1500 } },
      },
      {
        key: "reports-page",
        name: { id: "Halaman berikutnya", en: "The next page" },
        query: `# Isi "after" dengan pageInfo.endCursor dari halaman sebelumnya.
# Put the previous page's pageInfo.endCursor into "after".
query NextPage($after: Cursor) {
  reports(first: 5, after: $after) {
    edges { cursor node { code text } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
`,
        variables: { after: null },
      },
      {
        key: "report",
        name: { id: "Satu laporan lengkap", en: "One report in full" },
        query: `# Ganti kodenya dengan "code" dari laporan mana pun.
# Put the "code" of any report here.
query OneReport($code: String!) {
  report(code: $code) {
    id
    code
    title
    text
    status
    sourceStatus
    sourceStatusMeans
    reportedAt
    receivedAt
    updatedAt
    address
    location { latitude longitude }
    locationPrecision
    area { code name level parent { name } }
    category { code name agency { name } }
    source { code name }
    sourceUrl
    reporter { displayName }
    agency { name }
    photos { url width height phase caption }
    flood { depthCm }
    floodArea { name state }
    laporTicket { trackingId status responses { author text at } }
    deadlines { respondBy resolveBy dueAt breached }
    supportCount
    viewerHasSupported
    duplicateOf { code }
    possibleDuplicates(first: 3) { score distanceMeters report { code text } }
    comments(first: 5) { nodes { text official createdAt } }
    timeline(first: 20) { nodes { kind at status previousStatus note } }
    viewerActions
  }
}
`,
        variables: { code: "GANTI-KODE" },
      },
      {
        key: "reportBySourceRef",
        name: { id: "Dari nomor di sumbernya", en: "By the source's own number" },
        query: `query BySourceRef($source: String!, $sourceRef: String!) {
  reportBySourceRef(source: $source, sourceRef: $sourceRef) {
    code
    text
    status
    sourceStatus
    syncedAt
  }
}
`,
        variables: { source: "peta_jakarta", sourceRef: "1" },
      },
      {
        key: "possibleDuplicates",
        name: { id: "Sudah ada yang melapor?", en: "Has someone reported it?" },
        query: `# Ditanyakan sebelum mengirim laporan.
# Asked before submitting.
query AlreadyReported($location: CoordinatesInput!, $text: String) {
  possibleDuplicates(location: $location, category: "flood", text: $text, withinMeters: 300) {
    score
    distanceMeters
    report { code text status supportCount }
  }
}
`,
        variables: { location: KAMPUNG_MELAYU, text: "Banjir setinggi lutut di depan pasar" },
      },
      {
        key: "node",
        name: { id: "Objek apa pun dari id-nya", en: "Any object by its id" },
        query: `query ById($id: ID!, $ids: [ID!]!) {
  node(id: $id) {
    __typename
    id
    ... on Report { code text }
    ... on Area { name }
  }
  nodes(ids: $ids) {
    __typename
    id
  }
}
`,
        variables: { id: "GANTI-ID", ids: ["GANTI-ID"] },
      },
    ],
  },
  {
    name: { id: "Banjir", en: "Floods" },
    examples: [
      {
        key: "floodAreas",
        name: { id: "Wilayah yang banjir", en: "Areas under water" },
        query: `query FloodedNow {
  floodAreas(minimumState: MINOR) {
    name
    state
    lastUpdatedAt
    observedAt
    stale
    area { name }
    reports(first: 3) { nodes { code text flood { depthCm } } }
    changes(last: 5) { nodes { state previousState at } }
  }
}
`,
      },
      {
        key: "floodGauges",
        name: { id: "Tinggi muka air", en: "Water gauges" },
        query: `query Gauges($since: DateTime) {
  floodGauges {
    name
    location { latitude longitude }
    latest { measuredAt depthCm warningLevel warningName }
    readings(since: $since, last: 12) { nodes { measuredAt depthCm } }
  }
}
`,
        variables: { since: null },
      },
    ],
  },
  {
    name: { id: "LAPOR!", en: "LAPOR!" },
    examples: [
      {
        key: "laporTickets",
        name: { id: "Tiket terbaru", en: "Newest tickets" },
        query: `query Tickets {
  laporTickets(first: 10) {
    totalCount
    nodes {
      trackingId
      title
      status
      sourceStatus
      agency
      updatedAt
      stale
      report { code status }
      responses { author text at }
    }
  }
}
`,
      },
      {
        key: "laporTicket",
        name: { id: "Satu tiket", en: "One ticket" },
        query: `query Ticket($trackingId: String!) {
  laporTicket(trackingId: $trackingId) {
    trackingId
    title
    text
    status
    sourceStatus
    url
    report { code }
  }
}
`,
        variables: { trackingId: "1000001" },
      },
    ],
  },
  {
    name: { id: "Wilayah dan jumlah laporan", en: "Places and counts" },
    examples: [
      {
        key: "statistics",
        name: { id: "Jumlah per hari dan kategori", en: "Counts by day and category" },
        query: `query PerDay($filter: ReportFilter) {
  statistics(filter: $filter) {
    total
    open
    resolved
    breached
    medianMinutesToRespond
    medianMinutesToResolve
    perDay: buckets(by: DAY) { key label start total open }
    perCategory: buckets(by: CATEGORY, splitBy: STATUS) { label splitLabel total }
  }
}
`,
        variables: { filter: { reportedWithinHours: 168 } },
      },
      {
        key: "hexBins",
        name: { id: "Segi enam untuk peta", en: "Hexagons for a map" },
        query: `query Hexagons($within: BoundingBoxInput!) {
  hexBins(within: $within, resolution: 7) {
    cell
    center { latitude longitude }
    total
    open
    boundary
  }
}
`,
        variables: { within: JAKARTA },
      },
      {
        key: "areaAt",
        name: { id: "Kelurahan di satu titik", en: "The kelurahan at a point" },
        query: `query WhereIsThis($latitude: Float!, $longitude: Float!) {
  areaAt(latitude: $latitude, longitude: $longitude) {
    code
    name
    level
    boundaryApproximate
    parent { name parent { name } }
  }
}
`,
        variables: KAMPUNG_MELAYU,
      },
      {
        key: "area",
        name: { id: "Satu wilayah", en: "One area" },
        query: `query OneArea($code: String!) {
  area(code: $code) {
    name
    level
    centroid { latitude longitude }
    bounds { west south east north }
    boundary(toleranceMeters: 100)
    children { code name }
    statistics(filter: { open: true }) { total }
    reports(first: 5) { nodes { code text } }
    floodAreas { name state }
  }
}
`,
        variables: { code: "31.74" },
      },
      {
        key: "areas",
        name: { id: "Daftar wilayah", en: "List of areas" },
        query: `query Cities {
  areas(level: CITY) {
    code
    name
    boundaryApproximate
  }
}
`,
      },
    ],
  },
  {
    name: { id: "Rujukan dan sumber", en: "Reference and sources" },
    examples: [
      {
        key: "sources",
        name: { id: "Keadaan tiap sumber", en: "How each source is" },
        query: `query Sources {
  now
  sources {
    code
    name
    kind
    state
    lastSuccessAt
    lagSeconds
    lastError
    nextAttemptAt
    recordCount
    setAsideCount
    profile
    reconstructed
    licence
  }
}
`,
      },
      {
        key: "source",
        name: { id: "Yang disisihkan satu sumber", en: "What a source had set aside" },
        role: "admin",
        query: `query SetAside($code: String!) {
  source(code: $code) {
    name
    setAsideCount
    setAside(first: 20) { nodes { id sourceRef reason firstSeenAt attempts raw } }
  }
}
`,
        variables: { code: "peta_jakarta" },
      },
      {
        key: "categories",
        name: { id: "Kategori dan instansi", en: "Categories and agencies" },
        query: `query Reference {
  categories { code id: name(locale: ID) en: name(locale: EN) parent { code } agency { code } respondWithinMinutes resolveWithinMinutes }
  agencies { code name }
  category(code: "flood") { name description }
}
`,
      },
      {
        key: "agency",
        name: { id: "Satu instansi", en: "One agency" },
        query: `query OneAgency($code: String!) {
  agency(code: $code) { id code name }
}
`,
        variables: { code: "tata_air" },
      },
      {
        key: "viewer",
        name: { id: "Siapa saya, dan apa batasnya", en: "Who am I, and what are the limits" },
        query: `query Me {
  viewer { id role displayName agency { name } scopes sessionExpiresAt }
  limits { textLength titleLength photosPerReport photoBytes photoContentTypes oldestReportedAt eventsKeptSince }
  now
}
`,
      },
      {
        key: "events",
        name: { id: "Catatan kejadian", en: "The event log" },
        query: `# Untuk menjaga salinan tetap sama: ulangi dengan after = endCursor yang terakhir.
# To keep a copy in step: ask again with after = the last endCursor.
query EventLog($after: Cursor) {
  events(first: 20, after: $after) {
    nodes { id cursor kind at reportId matches status previousStatus report { code } }
    pageInfo { hasNextPage endCursor }
  }
}
`,
        variables: { after: null },
      },
    ],
  },
];
