use super::super::text;

#[test]
fn control_characters_and_tricks_with_direction_are_removed() {
    assert_eq!(
        text::line("a\u{0}b\tc\r\nd\u{202e}e\u{200b}f\u{feff}\u{85}g\u{9f}h\u{2028}i\u{a0}j"),
        "ab c def g h i j"
    );
    assert_eq!(text::line("&#x202E;evil&#0;&#8238;"), "evil");
    // These join letters and emoji: they stay.
    assert_eq!(text::line("👩\u{200d}🚒 می\u{200c}خواهم"), "👩\u{200d}🚒 می\u{200c}خواهم");
    assert_eq!(text::line("Cafe\u{301}"), "Café");
}

#[test]
fn paragraphs_stay_and_markup_goes() {
    assert_eq!(text::paragraphs("One\r\n\r\n\r\n  Two  words\nThree\n"), "One\n\nTwo words\nThree");
    assert_eq!(
        text::paragraphs(
            "<p>One<br/>Two</p>\n<ul><li>a</li><li>b</li></ul><script>evil('<p>')</script>End <!-- no --> x"
        ),
        "One\nTwo\n\n- a\n- b\n\nEnd x"
    );
    assert_eq!(
        text::paragraphs(
            "See <a href=\"https://example.org/?a=1&amp;b=2\" target=_blank>our page</a>, <a href='javascript:x'>not</a>"
        ),
        "See our page (https://example.org/?a=1&b=2), not"
    );
    assert_eq!(text::paragraphs("1 < 2 && 3 > 2 <3 <me@example.org>"), "1 < 2 && 3 > 2 <3 <me@example.org>");
}

#[test]
fn entities_are_resolved_also_when_they_were_encoded_twice() {
    assert_eq!(
        text::line("Caf&eacute; &amp;amp; &#8364;5 &#150; &euro; &copy; &unknown; &"),
        "Café & €5 – € © &unknown; &"
    );
    assert_eq!(text::line("&amp;ntilde;&nbsp;&lt;b&gt;"), "ñ <b>");
}

#[test]
fn doubly_encoded_text_is_mended_and_correct_text_is_not_touched() {
    assert_eq!(text::line("CafÃ© mÃ¼nchen â€“ niÃ±o"), "Café münchen – niño");
    for text in ["São Paulo", "Ângela", "Älteste Å", "naïve Â", "mañana Ã©xito"] {
        assert_eq!(text::line(text), text);
    }
}

#[test]
fn what_markdown_would_read_is_escaped() {
    for (plain, markdown) in [
        ("plain text, 3 * 4 = 12 - snake_case a_b", "plain text, 3 * 4 = 12 - snake_case a_b"),
        ("*bold* _it_ `code`", "\\*bold\\* \\_it\\_ \\`code\\`"),
        ("# no heading", "\\# no heading"),
        ("> no quote", "\\> no quote"),
        ("- a list\n- stays", "- a list  \n- stays"),
        ("Title\n-----", "Title  \n\\-----"),
        ("[a](javascript:x) [b]", "\\[a](javascript:x) [b]"),
        ("<script> & &lt; 1 < 2", "\\<script> & \\&lt; 1 < 2"),
        ("C:\\* end\\", "C:\\\\\\* end\\\\"),
        ("~~gone~~ a~b", "\\~\\~gone\\~\\~ a~b"),
        ("One\n\nTwo\nThree", "One\n\nTwo  \nThree"),
    ] {
        assert_eq!(text::markdown(plain), markdown, "{plain}");
    }
}

#[test]
fn escaped_text_is_shown_as_it_was() {
    use pulldown_cmark::{Event, Options, Parser};
    for plain in [
        "*a* _b_ `c` [d](e) <f> &amp; \\* ~~g~~",
        "# h",
        "+ i",
        "> j",
        "1 < 2 | 3",
        "====",
        "---",
        "~~~",
        "[x]: y",
        "![k](l)",
    ] {
        let shown: String =
            Parser::new_ext(&text::markdown(plain), Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH)
                .map(|event| match event {
                    Event::Text(text) => text.into_string(),
                    Event::Start(tag) => assert_paragraph(&tag),
                    Event::End(_) => String::new(),
                    other => panic!("{plain}: {other:?}"),
                })
                .collect();
        assert_eq!(shown, plain);
    }
}

fn assert_paragraph(tag: &pulldown_cmark::Tag<'_>) -> String {
    assert_eq!(*tag, pulldown_cmark::Tag::Paragraph);
    String::new()
}

#[test]
fn long_texts_are_cut_between_words() {
    assert_eq!(text::cut("short", 5), "short");
    assert_eq!(text::cut("several words, here", 16), "several words…");
    assert_eq!(text::cut("Donaudampfschiff", 8), "Donauda…");
    assert_eq!(text::cut("ääääää", 4).chars().count(), 4);
}

#[test]
fn only_web_addresses_are_addresses() {
    assert_eq!(text::web_address(" www.example.org "), Some("http://www.example.org".into()));
    assert_eq!(text::web_address("HTTPS://example.org/ä?x=1&amp;y"), Some("HTTPS://example.org/ä?x=1&y".into()));
    for text in [
        "",
        "http://",
        "javascript:alert(1)",
        "ftp://example.org",
        "http://a b.org",
        "http://user@example.org",
        "http://localhost/",
        "ww",
    ] {
        assert_eq!(text::web_address(text), None, "{text}");
    }
}
