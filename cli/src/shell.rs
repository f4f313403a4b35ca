//! Command lines as a shell takes them.

/// The words as one line that a shell reads as these words.
pub(crate) fn line(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    quoted.join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/-_.+:@%=,".contains(letter);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_where_a_shell_needs_it() {
        let words = ["a", "", "b c", "it's", "sw=6581,ins=2A", "$HOME"].map(str::to_owned);
        assert_eq!(line(&words), r"a '' 'b c' 'it'\''s' sw=6581,ins=2A '$HOME'");
    }
}
