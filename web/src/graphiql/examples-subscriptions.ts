import type { ExampleGroup } from "./examples";

export const SUBSCRIPTIONS: readonly ExampleGroup[] = [
  {
    name: { id: "Langganan", en: "Subscriptions" },
    examples: [
      {
        key: "newReports",
        name: { id: "Laporan baru, saat itu juga", en: "New reports as they arrive" },
        query: `# Biarkan berjalan, lalu kirim laporan di tab lain.
# Leave it running, then submit a report in another tab.
# Isi "after" dengan logCursor dari sebuah kueri: yang sejak itu datang dikirim lebih dulu.
# Put a query's logCursor into "after": what came since then is sent first.
subscription NewReports($after: Cursor) {
  newReports(after: $after) {
    id
    cursor
    at
    report { code text category { name } area { name } source { name } photos { thumbnailUrl } }
  }
}
`,
        variables: { after: null },
      },
      {
        key: "reportEvents",
        name: { id: "Semua kejadian", en: "Every event" },
        query: `# matches: false berarti laporan itu keluar dari saringan; hapus dari daftar.
# matches: false means that the report left the filter; take it off the list.
subscription Events($filter: ReportFilter, $after: Cursor) {
  reportEvents(filter: $filter, after: $after) {
    id
    cursor
    kind
    at
    reportId
    matches
    status
    previousStatus
    note
    report { code status updatedAt }
  }
}
`,
        variables: { filter: { categories: ["flood"] }, after: null },
      },
      {
        key: "subscribe-floodAreas",
        name: { id: "Keadaan banjir", en: "Flood states" },
        query: `# Semua yang banjir sekarang (SNAPSHOT), SNAPSHOT_END, lalu tiap perubahan.
# All that is flooded now (SNAPSHOT), SNAPSHOT_END, then each change.
subscription FloodChanges {
  floodAreas(minimumState: CAUTION) {
    kind
    state
    previousState
    at
    cursor
    area { name area { name } }
  }
}
`,
      },
      {
        key: "subscribe-sources",
        name: { id: "Keadaan sumber", en: "State of the sources" },
        query: `subscription SourceChanges {
  sources { code name state lastSuccessAt lastError recordCount }
}
`,
      },
    ],
  },
];
