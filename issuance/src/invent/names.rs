//! Names to combine: family names, given names by the time of birth, and names of foreign residents. Data only.
//!
//! The names are common ones, each with one of its usual readings, combined at random. This module must never
//! hold the full name of a person.

/// Family names with their readings, the commoner the earlier.
pub(super) const FAMILIES: &str = include_str!("names/families.txt");

/// Family names and the form that some families write: with a character that certificates lack, so that another stands in
/// its place (代替文字).
pub(super) const VARIANTS: [(&str, &str); 6] = [
    ("高橋", "髙橋"),
    ("吉田", "𠮷田"),
    ("山崎", "山\u{FA11}"),
    ("橋本", "𣘺本"),
    ("黒田", "黑田"),
    ("柳田", "栁田"),
];

/// Given names that were common among the births of a time.
pub(super) struct Generation {
    /// The last year of birth.
    pub(super) until: u16,
    /// Of men.
    pub(super) male: &'static str,
    /// Of women.
    pub(super) female: &'static str,
}

/// By time of birth, ascending.
pub(super) const GENERATIONS: [Generation; 4] = [
    Generation {
        until: 1948,
        male: include_str!("names/men-until-1948.txt"),
        female: include_str!("names/women-until-1948.txt"),
    },
    Generation {
        until: 1974,
        male: include_str!("names/men-until-1974.txt"),
        female: include_str!("names/women-until-1974.txt"),
    },
    Generation {
        until: 1999,
        male: include_str!("names/men-until-1999.txt"),
        female: include_str!("names/women-until-1999.txt"),
    },
    Generation {
        until: u16::MAX,
        male: include_str!("names/men-since-2000.txt"),
        female: include_str!("names/women-since-2000.txt"),
    },
];

/// Names of foreign residents of one language: Latin capitals as on a residence card, with readings. Parts of a given name
/// are joined by `_`.
pub(super) struct Foreign {
    /// How many of a hundred foreign residents, roughly.
    pub(super) share: u32,
    /// Family names.
    pub(super) families: &'static str,
    /// Given names of men.
    pub(super) male: &'static str,
    /// Given names of women.
    pub(super) female: &'static str,
}

/// By language, the commonest among foreign residents first.
pub(super) const FOREIGN: [Foreign; 7] = [
    Foreign {
        share: 27,
        families: "WANG/ワン LI/リー ZHANG/ジャン LIU/リウ CHEN/チェン YANG/ヤン ZHAO/ジャオ WU/ウー ZHOU/ジョウ LIN/リン",
        male: "WEI/ウェイ QIANG/チアン JUN/ジュン MING/ミン HAO/ハオ JIE/ジエ TAO/タオ BO/ボー PENG/ポン YONG/ヨン",
        female: "FANG/ファン NA/ナー MIN/ミン JING/ジン LI/リー YAN/イェン XIN/シン YUE/ユエ TING/ティン HONG/ホン",
    },
    Foreign {
        share: 21,
        families: "NGUYEN/グエン TRAN/チャン LE/レ PHAM/ファム HOANG/ホアン VU/ヴー DANG/ダン BUI/ブイ DO/ドー",
        male: "VAN_NAM/ヴァン_ナム VAN_HUNG/ヴァン_フン DUC_ANH/ドゥック_アイン MINH_TUAN/ミン_トゥアン QUANG_HUY/クアン_フイ",
        female: "THI_LAN/ティ_ラン THI_HOA/ティ_ホア THI_MAI/ティ_マイ THU_HUONG/トゥ_フオン NGOC_ANH/ゴック_アイン",
    },
    Foreign {
        share: 15,
        families: "KIM/キム LEE/イ PARK/パク CHOI/チェ JUNG/チョン KANG/カン CHO/チョ YOON/ユン LIM/イム HAN/ハン",
        male: "MINJUN/ミンジュン SEOJUN/ソジュン JIHOON/ジフン DONGHYUN/ドンヒョン SUNGMIN/ソンミン YOUNGHO/ヨンホ",
        female: "SEOYEON/ソヨン JIWOO/ジウ MINJI/ミンジ SOOJIN/スジン HYEJIN/ヘジン EUNJI/ウンジ YUNA/ユナ",
    },
    Foreign {
        share: 12,
        families: "SANTOS/サントス REYES/レイエス CRUZ/クルス BAUTISTA/バウティスタ GARCIA/ガルシア MENDOZA/メンドーサ RAMOS/ラモス",
        male: "JOSE/ホセ JUAN/フアン MARK_ANTHONY/マーク_アンソニー JOHN_PAUL/ジョン_ポール RAMON/ラモン CARLO/カルロ",
        female: "MARIA/マリア ANGELICA/アンヘリカ MARY_GRACE/メアリー_グレース JOCELYN/ジョセリン ROSE_ANN/ローズ_アン LIZA/リサ",
    },
    Foreign {
        share: 10,
        families: "SILVA/シルバ SOUZA/ソウザ OLIVEIRA/オリベイラ PEREIRA/ペレイラ COSTA/コスタ ALMEIDA/アルメイダ TANAKA/タナカ",
        male: "PEDRO/ペドロ LUCAS/ルーカス RAFAEL/ラファエル MARCELO/マルセロ JOAO_CARLOS/ジョアン_カルロス BRUNO/ブルーノ",
        female: "ANA_PAULA/アナ_パウラ JULIANA/ジュリアナ FERNANDA/フェルナンダ CAMILA/カミラ BEATRIZ/ベアトリス LARISSA/ラリッサ",
    },
    Foreign {
        share: 9,
        families: "GURUNG/グルン TAMANG/タマン SHRESTHA/シュレスタ THAPA/タパ RAI/ライ SHARMA/シャルマ ADHIKARI/アディカリ",
        male: "RAM/ラム BIKASH/ビカス SURESH/スレス PRAKASH/プラカス DEEPAK/ディパク SANTOSH/サントス",
        female: "SITA/シタ GITA/ギタ SUNITA/スニタ ANJALI/アンジャリ PUJA/プジャ BINITA/ビニタ",
    },
    Foreign {
        share: 6,
        families: "SMITH/スミス JOHNSON/ジョンソン BROWN/ブラウン MILLER/ミラー DAVIS/デイビス WILSON/ウィルソン TAYLOR/テイラー",
        male: "JAMES/ジェームズ MICHAEL/マイケル DAVID_JOHN/デイビッド_ジョン ROBERT/ロバート DANIEL_LEE/ダニエル_リー",
        female: "EMILY/エミリー SARAH_JANE/サラ_ジェーン JESSICA/ジェシカ LAURA/ローラ ANNE_MARIE/アン_マリー HANNAH/ハンナ",
    },
];
