"""What the citizens of the made-up city write, by kind of trouble. All of it is invented.

Slots: {jalan} a street, {patokan} a landmark, {kel} the kelurahan, {kec} the kecamatan, {rt} and {rw} numbers, {dalam} a
depth in words, {cm} in centimetres, {lama} how long, {jumlah} a small number, {jam} an hour of the day.
"""

BODIES: dict[str, tuple[str, ...]] = {
    "flood": (
        "Banjir di {jalan} dekat {patokan}, air {dalam}",
        "Air kali meluap masuk permukiman RT {rt} RW {rw} {kel}, tinggi air sekitar {cm} cm",
        "{jalan} tergenang {cm} cm, motor banyak yang mogok",
        "Genangan {dalam} di {jalan}, mobil kecil sebaiknya putar balik",
        "Rumah warga RT {rt}/RW {rw} kemasukan air {dalam}, barang-barang sudah dinaikkan",
        "Air naik terus di {kel} {lama}, sekarang {dalam}",
        "Banjir kiriman sampai di RW {rw}, ketinggian {cm} cm dan masih naik",
        "Akses ke {patokan} terputus, {jalan} terendam {cm} cm",
        "Got di depan {patokan} tidak sanggup, air meluber ke {jalan} {dalam}",
        "Tolong perahu karet untuk warga RT {rt} RW {rw} {kel}, ada lansia dan balita, air {dalam}",
        "Tanggul di belakang RT {rt} rembes, air masuk gang {dalam}",
        "Di {jalan} air {dalam} tapi arusnya deras, hati-hati ada lubang yang tidak kelihatan",
    ),
    "drain": (
        "Saluran di {jalan} mampet penuh sampah, air tidak jalan sejak {jam}",
        "Gorong-gorong dekat {patokan} tersumbat, air mulai naik ke jalan",
        "Selokan RT {rt} RW {rw} {kel} penuh lumpur, tiap hujan meluap",
    ),
    "power": (
        "Listrik padam di RW {rw} {kel} karena gardu terendam",
        "Lampu mati satu RT {rt} sejak {jam}, air sudah dekat meteran listrik",
        "Kabel listrik menjuntai dekat air di {jalan}, tolong PLN segera padamkan",
    ),
    "prep": ("Warga RW {rw} {kel} mulai menyiapkan karung pasir di {jalan}",),
    "assessment": ("Tim kelurahan {kel} mendata rumah yang terdampak di RW {rw}, sementara {jumlah} rumah",),
    "traffic": (
        "Macet total di {jalan} arah {patokan}, tidak bergerak {lama}",
        "{jalan} padat merayap gara-gara genangan di lajur kiri",
        "Lampu merah di {jalan} mati, kendaraan saling kunci di perempatan",
        "Ada truk mogok di {jalan} depan {patokan}, antrean sudah panjang",
        "Angkot ngetem {jumlah} mobil di {patokan}, {jalan} jadi satu lajur",
        "Kecelakaan motor di {jalan}, macet sampai {patokan}",
        "Banyak motor lawan arah di {jalan}, bikin macet dan bahaya",
    ),
    "jockey": (
        "Joki 3in1 berjejer di {jalan} dekat {patokan}, ada {jumlah} orang",
        "Masih ada joki 3 in 1 di {jalan} bawa anak kecil, tolong ditertibkan",
        "Para joki three in one mangkal di trotoar {jalan} sejak {jam}",
    ),
    "parking": (
        "Parkir liar di {jalan} depan {patokan}, tinggal satu lajur yang bisa lewat",
        "{jumlah} mobil parkir di atas trotoar {jalan}, pejalan kaki turun ke jalan",
        "Juru parkir ilegal di {patokan} minta sepuluh ribu tanpa karcis",
        "Truk parkir di bahu {jalan} sepanjang malam, menutup jalan keluar gang",
        "Parkir dua lapis di {jalan} padahal ada rambu dilarang parkir",
    ),
    "beggars": (
        "Pengemis dan anak jalanan {jumlah} orang di lampu merah {jalan}",
        "Pengemis bawa bayi di jembatan penyeberangan {patokan}, kasihan kehujanan",
        "Manusia silver mengetuk kaca mobil di {jalan}, agak memaksa",
        "Gelandangan tidur di emperan {patokan}, tolong Dinas Sosial",
    ),
    "waste": (
        "Sampah menumpuk di {jalan} sudah {lama} tidak diangkut, baunya menyengat",
        "Tumpukan sampah menutup saringan kali dekat {patokan}",
        "TPS liar di pinggir {jalan} makin tinggi, lalat masuk rumah RT {rt}",
        "Ada yang buang sampah ke kali dari jembatan {patokan}",
        "Bak sampah RW {rw} {kel} meluap sampai ke jalan",
    ),
    "road": (
        "Jalan berlubang di {jalan}, diameter sekitar setengah meter, sudah ada yang jatuh",
        "Aspal {jalan} mengelupas dekat {patokan}, tertutup genangan jadi tidak kelihatan",
        "Tutup got di {jalan} hilang, berbahaya buat pejalan kaki",
        "Bekas galian kabel di {jalan} belum ditutup {lama}",
        "Trotoar di depan {patokan} ambles",
    ),
    "lamp": (
        "Lampu jalan di {jalan} mati {jumlah} tiang, gelap sekali",
        "PJU RT {rt} RW {rw} padam {lama}, rawan jambret",
        "Lampu penerangan di kolong {patokan} berkedip terus lalu mati",
    ),
    "vendors": (
        "PKL memenuhi trotoar {jalan} dekat {patokan}, pejalan kaki tidak kebagian jalan",
        "Pedagang kaki lima buka tenda di badan {jalan}, macet tiap sore",
        "Gerobak PKL menutup halte di {patokan}",
        "Lapak pedagang di atas saluran {jalan}, air jadi mampet",
    ),
    "tree": (
        "Pohon tumbang di {jalan}, menutup dua lajur",
        "Dahan besar patah menimpa mobil di depan {patokan}",
        "Pohon angsana di {jalan} miring dan akarnya terangkat, takut roboh",
        "Pohon tumbang menimpa kabel di RT {rt} RW {rw} {kel}",
    ),
    "fire": (
        "Kebakaran rumah di RT {rt} RW {rw} {kel}, asap tebal terlihat dari {patokan}",
        "Api dari kios di {jalan}, pemadam belum datang",
        "Korsleting listrik di dekat {patokan}, atap sudah terbakar, tolong damkar",
    ),
    "crime": (
        "Jambret dua orang naik motor di {jalan}, ambil ponsel penumpang ojek",
        "Tawuran pelajar di dekat {patokan}, bawa senjata tajam",
        "Pengamen memaksa dan mengancam penumpang di {patokan}",
    ),
    "water": (
        "Air PAM mati di RW {rw} {kel} {lama}",
        "Pipa PAM bocor di {jalan}, air bersih terbuang ke got",
        "Air keran keruh dan berbau di RT {rt} {kel} sejak {jam}",
    ),
    "noise": (
        "Musik dari kafe di {jalan} keras sekali sampai lewat tengah malam",
        "Proyek dekat {patokan} memukul tiang pancang malam hari, warga tidak bisa tidur",
        "Knalpot bising balapan liar di {jalan} tiap {jam}",
    ),
    "facility": (
        "Kursi halte {patokan} rusak dan atapnya bocor",
        "Ayunan di taman {kel} patah, tolong diperbaiki sebelum ada anak jatuh",
        "Eskalator jembatan penyeberangan di {patokan} mati {lama}",
        "Papan nama {jalan} roboh kena angin",
    ),
    "other": (
        "Banyak anjing liar berkeliaran di RT {rt} RW {rw} {kel}",
        "Spanduk liar di tiang listrik sepanjang {jalan}",
        "Kapan ada pengasapan demam berdarah di RW {rw} {kel}? Sudah {jumlah} warga sakit",
        "Layanan surat pengantar di kelurahan {kel} lama sekali, antre sejak {jam}",
    ),
}

TITLES: dict[str, tuple[str, ...]] = {
    "flood": ("Banjir {kel}", "Banjir di {jalan}", "Air masuk rumah warga", "Genangan {cm} cm", "Butuh perahu karet"),
    "drain": ("Saluran mampet", "Got tersumbat di {kel}"),
    "power": ("Listrik padam", "Gardu terendam"),
    "prep": ("Siap siaga",),
    "assessment": ("Pendataan dampak",),
    "traffic": ("Macet {jalan}", "Macet parah", "Lalu lintas kacau dekat {patokan}"),
    "jockey": ("Joki 3in1", "Joki three in one di {jalan}"),
    "parking": ("Parkir liar", "Parkir ilegal di {jalan}", "Trotoar dipakai parkir"),
    "beggars": ("Pengemis di {jalan}", "Pengemis dan anak jalanan"),
    "waste": ("Sampah menumpuk", "Tumpukan sampah di {kel}"),
    "road": ("Jalan rusak", "Jalan berlubang di {jalan}"),
    "lamp": ("Lampu jalan mati", "PJU padam di {kel}"),
    "vendors": ("PKL di trotoar", "PKL memenuhi {jalan}"),
    "tree": ("Pohon tumbang", "Pohon tumbang di {jalan}"),
    "fire": ("Kebakaran!", "Kebakaran di {kel}"),
    "crime": ("Keamanan", "Rawan jambret di {jalan}"),
    "water": ("Air PAM mati", "Pipa bocor"),
    "noise": ("Bising", "Gangguan suara di {kel}"),
    "facility": ("Fasilitas umum rusak", "Halte rusak"),
    "other": ("Laporan warga", "Mohon perhatian"),
}

OPENERS = (
    "",
    "",
    "",
    "",
    "Lapor. ",
    "Min, ",
    "Mohon perhatian. ",
    "Selamat malam, ",
    "Pak/Bu, ",
    "Info warga: ",
    "Tolong. ",
)
CLOSERS = (
    "",
    "",
    "Mohon segera ditindaklanjuti.",
    "Terima kasih.",
    "Warga resah.",
    "Tolong petugas ke lokasi ya.",
    "Sudah lapor RT tapi belum ada tanggapan.",
    "Semoga cepat ditangani.",
    "Hujan belum berhenti.",
    "Patokannya {patokan}.",
    "Lokasi RT {rt} RW {rw}.",
    "Kejadian {lama}.",
)
LATE_ADDITIONS = (
    "UPDATE: sudah ada petugas di lokasi.",
    "Update: sekarang mulai surut.",
    "Ralat, lokasinya di depan {patokan}, bukan di seberangnya.",
    "Edit: tambah info, bantuan makanan belum ada.",
    "Update {jam}: keadaan masih sama.",
)
DURATIONS = ("dari tadi", "sudah sejam", "hampir dua jam", "sejak sore", "dua hari", "seminggu", "dari kemarin")
DURATIONS_OF_AN_EVENING = 4
"""How many of the durations, from the first, are short enough for water that came this evening."""
HOURS = ("jam 3 sore", "jam 4 sore", "jam 5 sore", "magrib", "jam 7 malam", "jam 8 malam", "subuh")
DEPTHS = (
    (15, ("semata kaki", "setinggi mata kaki")),
    (35, ("sebetis", "setengah betis", "setinggi betis")),
    (60, ("selutut", "setinggi lutut orang dewasa")),
    (95, ("sepaha", "setinggi paha", "sepinggang anak-anak")),
    (120, ("sepinggang", "setinggi pinggang orang dewasa")),
    (150, ("sedada", "setinggi dada")),
    (999, ("seleher orang dewasa", "hampir setinggi pintu")),
)
"""Depth words by their upper bound in centimetres."""

FIRST_NAMES = (
    "Agus", "Ani", "Bambang", "Budi", "Dedi", "Dewi", "Eko", "Fitri", "Hasan", "Indah", "Joko", "Kartika", "Lestari",
    "Mulyadi", "Nur", "Putri", "Rahmat", "Rina", "Rizky", "Siti", "Slamet", "Sri", "Tono", "Wahyu", "Yanti", "Yusuf",
)  # fmt: skip
LAST_NAMES = (
    "Hidayat", "Kurniawan", "Lubis", "Maulana", "Nasution", "Permana", "Pratiwi", "Purnomo", "Saputra", "Setiawan",
    "Siregar", "Suryani", "Susanto", "Tanjung", "Utami", "Wibowo", "Wijaya", "Wulandari",
)  # fmt: skip
