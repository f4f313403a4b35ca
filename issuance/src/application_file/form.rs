//! What a declaration file can hold, as a table: which keys there are, which forms their values have.
//!
//! The checks, the JSON Schema and the reference page are made of this table, so that they can't differ.

/// A text in English and in Japanese.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    pub(super) en: &'static str,
    pub(super) ja: &'static str,
}

/// The words of a table's rows.
pub(super) const fn words(en: &'static str, ja: &'static str) -> Words {
    Words { en, ja }
}

/// A table of TOML with fixed keys.
#[derive(Debug)]
pub(super) struct Record {
    /// Its name in the schema.
    pub(super) name: &'static str,
    /// How it is written, e.g. `[[application.pin]]`, for the heading of the reference.
    pub(super) written: &'static str,
    /// What it declares.
    pub(super) about: Words,
    /// The key that tells this record from others that can stand in the same place; `None` for one that needs none.
    pub(super) mark: Option<&'static str>,
    /// Keys of which exactly one is given; may be empty.
    pub(super) one_of: &'static [&'static str],
    /// Its keys, in the order of the reference.
    pub(super) fields: &'static [Field],
}

/// A key of a record.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) key: &'static str,
    pub(super) form: &'static Form,
    pub(super) required: bool,
    /// What it means, and what holds where it is left out.
    pub(super) about: Words,
}

impl Field {
    /// A key that must be given.
    pub(super) const fn must(key: &'static str, form: &'static Form, en: &'static str, ja: &'static str) -> Self {
        Self {
            key,
            form,
            required: true,
            about: words(en, ja),
        }
    }

    /// A key that may be left out.
    pub(super) const fn may(key: &'static str, form: &'static Form, en: &'static str, ja: &'static str) -> Self {
        Self {
            key,
            form,
            required: false,
            about: words(en, ja),
        }
    }
}

/// The form of a value.
#[derive(Debug)]
pub(super) enum Form {
    /// A text of this shape, in quotes.
    Text(&'static Shape),
    /// One of these words, in quotes.
    Word(&'static [&'static str]),
    /// `true`, and nothing else: the key is left out otherwise.
    True,
    /// `true` or `false`.
    Flag,
    /// A whole number, from the first to the second.
    Whole(u32, u32),
    /// Two whole numbers in brackets, from the first to the second.
    Range(u32, u32),
    /// A list of values of this form, at least the first and at most the second number of them.
    List(&'static Form, usize, usize),
    /// A table with fixed keys.
    Table(&'static Record),
    /// A table whose keys have this shape and whose values this form.
    Map(&'static Shape, &'static Form),
    /// One of these forms. Tables are told apart by their marks.
    Either(&'static [&'static Form]),
    /// A form with a name of its own in the schema and in the reference.
    Named(&'static str, &'static Form),
}

/// The shape of a text.
pub(super) struct Shape {
    /// The pattern of the schema (ECMA-262), for the whole text. It accepts every text that `accepts` does.
    pub(super) pattern: &'static str,
    /// Whether the text has the shape.
    pub(super) accepts: fn(&str) -> bool,
    /// What it is, after "is": `1 to 64 characters`.
    pub(super) about: Words,
}

impl std::fmt::Debug for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.about.en)
    }
}

impl Form {
    /// The form without its name.
    pub(super) fn plain(&self) -> &Self {
        match self {
            Self::Named(_, form) => form.plain(),
            form => form,
        }
    }

    /// The records that a table of this form can be.
    pub(super) fn records(&self) -> Vec<&'static Record> {
        match self {
            Self::Table(record) => vec![record],
            Self::Either(forms) => forms.iter().flat_map(|form| form.records()).collect(),
            Self::Named(_, form) => form.records(),
            _ => Vec::new(),
        }
    }

    /// What a value of this form is, after "is".
    pub(super) fn about(&self) -> Words {
        match self {
            Self::Text(shape) => shape.about,
            Self::True => words("true, or is left out", "true（または書かない）"),
            Self::Flag => words("true or false, without quotes", "trueまたはfalse（引用符なし）"),
            Self::Range(..) => words(
                "two whole numbers in brackets: the least and the greatest",
                "整数2つの配列: 最小と最大",
            ),
            Self::List(..) => words("a list in brackets", "配列"),
            Self::Word(_) => words("a word of those listed, in quotes", "決まった語（引用符付き）"),
            Self::Whole(..) => words("a whole number, without quotes", "整数（引用符なし）"),
            Self::Table(_) | Self::Map(..) => words("a table", "表"),
            Self::Either(_) => words("of one of several forms", "いくつかの形のいずれか"),
            Self::Named(_, form) => form.about(),
        }
    }
}
