import type { ExampleGroup } from "./examples";

const ORIGIN = typeof location === "undefined" ? "http://127.0.0.1:8000" : location.origin;
const REPORT = "GANTI-DENGAN-ID-LAPORAN";

export const MUTATIONS: readonly ExampleGroup[] = [
  {
    name: { id: "Warga melapor", en: "Citizens report" },
    examples: [
      {
        key: "submitReport",
        name: { id: "Kirim laporan", en: "Submit a report" },
        query: `# Simpan followToken: ia satu-satunya bukti bahwa laporan ini milik Anda.
# Keep the followToken: it alone proves that this report is yours.
mutation Submit($input: SubmitReportInput!) {
  submitReport(input: $input) {
    report { id code status category { name } area { name } }
    followToken
    possibleDuplicates { score report { code text } }
    userErrors { code message path }
  }
}
`,
        variables: {
          input: {
            text: "Air masih tinggi di depan Pasar Jatinegara, motor tidak bisa lewat.",
            category: "flood",
            location: { latitude: -6.2153, longitude: 106.87 },
            floodDepthCm: 40,
            idempotencyKey: "NEW_KEY",
          },
        },
      },
      {
        key: "submit-photos",
        name: { id: "Kirim dengan foto (curl)", en: "Submit with photos (curl)" },
        query: `# GraphiQL tidak dapat mengunggah berkas. Dari terminal, dengan foto.jpg di folder Anda:
# GraphiQL cannot upload files. From a terminal, with foto.jpg in your folder:
#
# curl ${ORIGIN}/graphql -H 'GraphQL-Require-Preflight: 1' \\
#   -F 'operations={"query":"mutation($input: SubmitReportInput!) { submitReport(input: $input) { report { code photos { url } } followToken userErrors { code message path } } }","variables":{"input":{"text":"Banjir di depan pasar","category":"flood","location":{"latitude":-6.2153,"longitude":106.87},"photos":[null]}}}' \\
#   -F 'map={"0":["variables.input.photos.0"]}' \\
#   -F '0=@foto.jpg'
#
# Lalu lihat fotonya di sini: / Then see the photo here:
query WithPhotos {
  reports(filter: { hasPhotos: true }, first: 5) {
    nodes { code text photos { url thumbnailUrl contentType width height byteSize } }
  }
}
`,
      },
      {
        key: "addPhotos",
        name: { id: "Tambah foto (curl)", en: "Add photos (curl)" },
        query: `# Berkas hanya dapat dikirim dari terminal: / Files can only be sent from a terminal:
#
# curl ${ORIGIN}/graphql -H 'GraphQL-Require-Preflight: 1' \\
#   -F 'operations={"query":"mutation($input: AddPhotosInput!) { addPhotos(input: $input) { photos { url } userErrors { code message path } } }","variables":{"input":{"reportId":"${REPORT}","photos":[null],"followToken":"GANTI"}}}' \\
#   -F 'map={"0":["variables.input.photos.0"]}' \\
#   -F '0=@foto.jpg'
mutation AddPhotos($input: AddPhotosInput!) {
  addPhotos(input: $input) {
    report { code }
    photos { url }
    userErrors { code message path }
  }
}
`,
        variables: { input: { reportId: REPORT, photos: [], followToken: "GANTI", idempotencyKey: "NEW_KEY" } },
      },
      {
        key: "supportReport",
        name: { id: "Dukung laporan", en: "Support a report" },
        query: `# Tanpa akun, idempotencyKey mewakili orangnya: simpan untuk menarik dukungan.
# Without an account the idempotencyKey stands for the person: keep it to take the support back.
mutation Support($input: SupportReportInput!) {
  supportReport(input: $input) {
    report { code supportCount viewerHasSupported }
    userErrors { code message path }
  }
}
`,
        variables: { input: { reportId: REPORT, idempotencyKey: "NEW_KEY" } },
      },
      {
        key: "unsupportReport",
        name: { id: "Tarik dukungan", en: "Take support back" },
        query: `mutation Unsupport($input: UnsupportReportInput!) {
  unsupportReport(input: $input) {
    report { code supportCount }
    userErrors { code message path }
  }
}
`,
        variables: { input: { reportId: REPORT, idempotencyKey: "GANTI-DENGAN-KUNCI-DUKUNGAN" } },
      },
      {
        key: "commentOnReport",
        name: { id: "Beri komentar", en: "Comment" },
        role: "warga",
        query: `mutation Comment($input: CommentOnReportInput!) {
  commentOnReport(input: $input) {
    comment { text official createdAt }
    userErrors { code message path }
  }
}
`,
        variables: { input: { reportId: REPORT, text: "Air sudah mulai surut.", idempotencyKey: "NEW_KEY" } },
      },
      {
        key: "withdrawReport",
        name: { id: "Batalkan laporan sendiri", en: "Withdraw one's own report" },
        query: `# Laporan yang dibatalkan tetap terlihat; setConfidential menyembunyikannya.
# A withdrawn report is still seen; setConfidential hides it.
mutation Withdraw($input: WithdrawReportInput!) {
  withdrawReport(input: $input) {
    report { code status }
    userErrors { code message path }
  }
}
`,
        variables: {
          input: { reportId: REPORT, followToken: "GANTI", note: "Sudah beres sendiri", idempotencyKey: "NEW_KEY" },
        },
      },
      {
        key: "setConfidential",
        name: { id: "Jadikan rahasia", en: "Make it confidential" },
        query: `mutation Confidential($input: SetConfidentialInput!) {
  setConfidential(input: $input) {
    report { code confidential }
    userErrors { code message path }
  }
}
`,
        variables: { input: { reportId: REPORT, confidential: true, followToken: "GANTI", idempotencyKey: "NEW_KEY" } },
      },
    ],
  },
  {
    name: { id: "Petugas dan mitra", en: "Staff and partners" },
    examples: [
      {
        key: "forwardToLapor",
        name: { id: "Teruskan ke LAPOR!", en: "Forward to LAPOR!" },
        role: "dispatcher",
        query: `mutation Forward($input: ForwardToLaporInput!) {
  forwardToLapor(input: $input) {
    forwarding { id state attempts target { name } laporTicket { trackingId } }
    userErrors { code message path }
  }
}
`,
        variables: { input: { reportId: REPORT, idempotencyKey: "NEW_KEY" } },
      },
      {
        key: "settleForwarding",
        name: { id: "Selesaikan penerusan tak jelas", en: "Settle an unknown forwarding" },
        role: "dispatcher",
        query: `# Untuk penerusan berkeadaan UNKNOWN: terkirim, tetapi jawabannya tak pernah sampai.
# For forwardings in state UNKNOWN: sent, but no answer ever came.
mutation Settle($input: SettleForwardingInput!) {
  settleForwarding(input: $input) {
    forwarding { id state externalRef }
    userErrors { code message path }
  }
}
`,
        variables: {
          input: {
            forwardingId: "GANTI-DENGAN-ID-PENERUSAN",
            outcome: "ARRIVED",
            externalRef: "1000001",
            idempotencyKey: "NEW_KEY",
          },
        },
      },
      {
        key: "recordAgencyStatus",
        name: { id: "Catat kemajuan instansi", en: "Record an agency's progress" },
        role: "mitra",
        query: `mutation AgencyStatus($input: RecordAgencyStatusInput!) {
  recordAgencyStatus(input: $input) {
    report { code status agencyRef }
    userErrors { code message path }
  }
}
`,
        variables: {
          input: {
            reportId: REPORT,
            status: "IN_PROGRESS",
            agencyRef: "SDA-2024-17",
            note: "Pompa dikirim",
            idempotencyKey: "NEW_KEY",
          },
        },
      },
      {
        key: "syncSource",
        name: { id: "Sinkronkan sumber sekarang", en: "Sync a source now" },
        role: "admin",
        query: `mutation Sync($input: SyncSourceInput!) {
  syncSource(input: $input) {
    source { name state lastSuccessAt nextAttemptAt }
    userErrors { code message path }
  }
}
`,
        variables: { input: { source: "peta_jakarta", idempotencyKey: "NEW_KEY" } },
      },
      {
        key: "retrySetAside",
        name: { id: "Coba lagi yang disisihkan", en: "Retry what was set aside" },
        role: "admin",
        query: `mutation RetrySetAside($input: RetrySetAsideInput!) {
  retrySetAside(input: $input) {
    mapped
    stillAside
    userErrors { code message path }
  }
}
`,
        variables: { input: { ids: ["GANTI-DENGAN-ID"], idempotencyKey: "NEW_KEY" } },
      },
      {
        key: "revokeAccess",
        name: { id: "Cabut akses seseorang", en: "Revoke somebody's access" },
        role: "admin",
        query: `mutation RevokeAccess($input: RevokeAccessInput!) {
  revokeAccess(input: $input) {
    issuedBefore
    apiKeysEnded
    userErrors { code message path }
  }
}
`,
        variables: { input: { subject: "GANTI-DENGAN-SUBJECT", idempotencyKey: "NEW_KEY" } },
      },
    ],
  },
];
