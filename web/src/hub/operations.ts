/** What the pages ask of the hub. test/operations.test.ts checks each document against the hub's own schema. */

const SOURCE_FIELDS = `
  fragment SourceFields on Source {
    id code name kind state lastSuccessAt lagSeconds lastError recordCount setAsideCount profile reconstructed
  }`;

// Names in both languages: switching the language then asks nothing, and everybody's question is the same one.
const REPORT_FIELDS = `
  fragment ReportFields on Report {
    id code title text status reportedAt updatedAt locationPrecision
    category { code nameId: name(locale: ID) nameEn: name(locale: EN) }
    area { code name level parent { code name } }
    source { code name }
    photos { id url thumbnailUrl width height caption }
    flood { depthCm }
    floodArea { id state }
  }`;

/** One snapshot: the list, and the very cursor that the stream goes on from. */
export const START = `
  query Start {
    now
    logCursor
    sources { ...SourceFields }
    reports(first: 20) { nodes { ...ReportFields } }
  }
  ${SOURCE_FIELDS}
  ${REPORT_FIELDS}`;

/** Ages of syncs move without an event, so they are asked for now and then. */
export const SOURCES = `
  query Sources { now sources { ...SourceFields } }
  ${SOURCE_FIELDS}`;

export const SOURCE_CHANGES = `
  subscription SourceChanges { sources { ...SourceFields } }
  ${SOURCE_FIELDS}`;

// reportEvents rather than newReports: it alone tells of reports that leave the public's sight. Support is not shown here.
export const REPORT_EVENTS = `
  subscription LiveReports($after: Cursor) {
    reportEvents(
      after: $after
      kinds: [CREATED, UPDATED, STATUS_CHANGED, MERGED, SPLIT, VISIBILITY_CHANGED, PHOTO_ADDED, PHOTO_HIDDEN, ERASED]
    ) {
      id kind reportId matches
      report { ...ReportFields }
    }
  }
  ${REPORT_FIELDS}`;

export interface Source {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  readonly kind: string;
  readonly state: string;
  readonly lastSuccessAt: string | null;
  readonly lagSeconds: number | null;
  readonly lastError: string | null;
  readonly recordCount: number;
  readonly setAsideCount: number;
  readonly profile: string | null;
  readonly reconstructed: boolean;
}

export interface Photo {
  readonly id: string;
  readonly url: string;
  readonly thumbnailUrl: string;
  readonly width: number;
  readonly height: number;
  readonly caption: string | null;
}

export interface Report {
  readonly id: string;
  readonly code: string;
  readonly title: string | null;
  readonly text: string;
  readonly status: string;
  readonly reportedAt: string;
  readonly updatedAt: string;
  readonly locationPrecision: string;
  readonly category: { readonly code: string; readonly nameId: string; readonly nameEn: string };
  readonly area: {
    readonly code: string;
    readonly name: string;
    readonly level: string;
    readonly parent: { readonly code: string; readonly name: string } | null;
  } | null;
  readonly source: { readonly code: string; readonly name: string };
  readonly photos: readonly Photo[];
  readonly flood: { readonly depthCm: number | null } | null;
  readonly floodArea: { readonly id: string; readonly state: string } | null;
}

export interface StartData {
  readonly now: string;
  readonly logCursor: string;
  readonly sources: readonly Source[];
  readonly reports: { readonly nodes: readonly Report[] } | null;
}

export interface SourcesData {
  readonly now: string;
  readonly sources: readonly Source[];
}

export interface ReportEvent {
  readonly id: string;
  readonly kind: string;
  readonly reportId: string;
  readonly matches: boolean;
  readonly report: Report | null;
}
