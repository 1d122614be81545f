use proptest::prelude::*;

use super::*;

/// Reads HTML as a browser's tokenizer would at its simplest, and panics at the first thing that the allow-list does not have.
fn assert_safe(html: &str, cause: &str) {
    const PLAIN: &[&str] = &[
        "blockquote",
        "br",
        "code",
        "del",
        "em",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
        "ol",
        "p",
        "pre",
        "strong",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
    ];
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let end = rest[at..].find('>').unwrap_or_else(|| panic!("an open tag in {html:?} from {cause:?}")) + at;
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        let name = tag.strip_prefix('/').unwrap_or(tag);
        if PLAIN.contains(&name) || name == "a" {
            continue;
        }
        if let Some(start) = tag.strip_prefix("ol start=\"") {
            assert!(start.trim_end_matches('"').bytes().all(|b| b.is_ascii_digit()), "{tag:?} from {cause:?}");
            continue;
        }
        let attributes = tag.strip_prefix("a ").unwrap_or_else(|| panic!("<{tag}> from {cause:?}"));
        let attributes: Vec<_> = attributes.split("\" ").map(|it| it.trim_end_matches('"')).collect();
        for attribute in attributes {
            let (name, value) = attribute.split_once("=\"").unwrap_or_else(|| panic!("<{tag}> from {cause:?}"));
            match name {
                "rel" => assert_eq!(value, "nofollow ugc noopener"),
                "href" => assert!(
                    ["http://", "https://", "mailto:", "http:", "https:"]
                        .iter()
                        .any(|it| { value.get(..it.len()).is_some_and(|start| start.eq_ignore_ascii_case(it)) })
                        && !value.contains(['"', '<', '>']),
                    "{value:?} from {cause:?}"
                ),
                _ => panic!("<{tag}> from {cause:?}"),
            }
        }
    }
}

/// Ways to run a script, to load something, or to look like the page's own.
const ATTACKS: &[&str] = &[
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script\n>alert(1)</script\n>",
    "<img src=x onerror=alert(1)>",
    "<img src=\"x\" onerror=\"alert(1)\"",
    "<img/src=`x`onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<svg><a xlink:href=\"javascript:alert(1)\"><text>x</text></a></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<math><mi//xlink:href=\"data:x,<script>alert(1)</script>\">",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc=\"<script>alert(1)</script>\"></iframe>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>",
    "<base href=\"https://evil.example/\">",
    "<meta http-equiv=refresh content=\"0;url=javascript:alert(1)\">",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>@import '//evil.example/x.css';</style>",
    "<style>body{background:url(javascript:alert(1))}</style>",
    "<form action=javascript:alert(1)><button>x</button></form>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<body onload=alert(1)>",
    "<marquee onstart=alert(1)>",
    "<a href=\"javascript:alert(1)\">x</a>",
    "<a href=\"https://example.org\" onclick=\"alert(1)\" target=_blank>x</a>",
    "<p style=\"position:fixed;inset:0\" class=\"modal\" id=\"root\">x</p>",
    "<!--><script>alert(1)</script-->",
    "<!-- --!><img src=x onerror=alert(1)> -->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php echo 1 ?><script>alert(1)</script>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<textarea><img title=\"</textarea><img src=x onerror=alert(1)>\">",
    "<xmp><p title=\"</xmp><svg/onload=alert(1)>\">",
    "<template><script>alert(1)</script></template>",
    "<div data-x='<script>alert(1)</script>'>\n\n<script>alert(1)</script>\n</div>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java&#115;cript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](<java\tscript:alert(1)>)",
    "[x](&#1;javascript:alert(1))",
    "[x](&Tab;javascript:alert(1))",
    "[x](java&NewLine;script:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](vbscript:msgbox(1))",
    "[x](file:///etc/passwd)",
    "[x](blob:https://example.org/1)",
    "[x](//evil.example)",
    "[x](/api/v1/auth/logout)",
    "[x](https://example.org/\"onmouseover=\"alert(1))",
    "[x](https://example.org 'x\" onmouseover=\"alert(1)')",
    "[x][y]\n\n[y]: javascript:alert(1) \"x\"",
    "[x]\n\n[x]: <javascript:alert(1)>",
    "<javascript:alert(1)>",
    "<https://example.org/\"><script>alert(1)</script>>",
    "![x](javascript:alert(1))",
    "![x](https://evil.example/pixel.gif)",
    "![x\"onerror=\"alert(1)](x)",
    "[![x](https://evil.example/p.gif)](javascript:alert(1))",
    "`<script>alert(1)</script>`",
    "```html\"onmouseover=alert(1)\n<script>alert(1)</script>\n```",
    "```x <img src=x onerror=alert(1)>\n```",
    "    <script>alert(1)</script>",
    "# <img src=x onerror=alert(1)> {#id .class onclick=alert(1)}",
    "| <script>alert(1)</script> | [x](javascript:alert(1)) |\n|:--|--:|\n| <svg onload=alert(1)> | `|` |",
    "> <script>alert(1)</script>\n> - <img src=x onerror=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "\\<script>alert(1)\\</script>",
    "~~<del onclick=alert(1)>~~",
    "*<em/onclick=alert(1)>*",
    "<a href='https://example.org'>unclosed",
    "<\u{0}script>alert(1)</script>",
    "<script\u{0}>alert(1)</script>",
    "\u{feff}<script>alert(1)</script>",
    "＜script＞alert(1)＜/script＞",
];

#[test]
fn no_attack_gets_through() {
    for attack in ATTACKS {
        assert_safe(&to_html(attack), attack);
        for wrapped in [
            format!("text {attack} text"),
            format!("- {attack}"),
            format!("**{attack}**"),
            format!("[{attack}](https://example.org)"),
        ] {
            assert_safe(&to_html(&wrapped), &wrapped);
        }
    }
}

#[test]
fn what_looks_like_html_is_shown_as_it_was_written() {
    assert_eq!(to_html("<script>alert(1)</script>").trim(), "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>");
    assert_eq!(to_html("1 < 2 & <b>x</b>").trim(), "<p>1 &lt; 2 &amp; &lt;b&gt;x&lt;/b&gt;</p>");
}

#[test]
fn the_usual_markup_is_rendered() {
    for (markdown, expected) in [
        ("# Programme", "<h3>Programme</h3>"),
        ("## Doors", "<h4>Doors</h4>"),
        ("###### Small", "<h6>Small</h6>"),
        ("**bold** *em* ~~gone~~ `code`", "<p><strong>bold</strong> <em>em</em> <del>gone</del> <code>code</code></p>"),
        (
            "[site](https://example.org/a?b=1&c=2 \"title\")",
            "<p><a href=\"https://example.org/a?b=1&amp;c=2\" rel=\"nofollow ugc noopener\">site</a></p>",
        ),
        (
            "<someone@example.org>",
            "<p><a href=\"mailto:someone@example.org\" rel=\"nofollow ugc noopener\">someone@example.org</a></p>",
        ),
        ("![A full hall](https://example.org/x.jpg)", "<p>A full hall</p>"),
        ("3. three\n4. four", "<ol start=\"3\">\n<li>three</li>\n<li>four</li>\n</ol>"),
        ("one  \ntwo", "<p>one<br>\ntwo</p>"),
        ("```rust\nlet x = 1;\n```", "<pre><code>let x = 1;\n</code></pre>"),
        (
            "|a|b|\n|:-|-:|\n|1|2|",
            "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody>\n<tr><td>1</td><td>2</td></tr>\n</tbody></table>",
        ),
    ] {
        assert_eq!(to_html(markdown).trim(), expected, "{markdown}");
    }
    let relative = to_html("[x](/me)");
    assert!(!relative.contains("href"), "{relative}");
}

#[test]
fn entities_bring_nothing_back_that_cannot_be_shown() {
    let text = "a&#x202e;b&#8238;c&#1;d [x](https://example.org/&#x202e;) `e`";
    assert!(!to_html(text).contains(is_unshowable), "{:?}", to_html(text));
    assert_eq!(summary(text), "abcd x e");
}

#[test]
fn endless_nesting_is_flattened() {
    for (open, most) in
        [(">", "<blockquote>"), ("- ", "<ul>"), ("*a _b ", "<em>"), ("[", "<a"), ("**", "<strong>"), ("![", "<img")]
    {
        let html = to_html(&format!("{} x", open.repeat(20_000 / open.len())));
        assert!(html.matches(most).count() <= MAX_DEPTH, "{open}");
        assert_safe(&html, open);
    }
}

#[test]
fn a_summary_is_the_beginning_as_plain_text() {
    for (markdown, expected) in [
        ("", ""),
        ("# Jam\n\nCome **one**, come [all](https://example.org)!", "Jam Come one, come all!"),
        ("- one\n- two\n\n> three", "one two three"),
        ("a\nb  \nc", "a b c"),
        ("AT&amp;T `x` <b>bold</b>", "AT&T x bold"),
        ("half*way*there", "halfwaythere"),
        ("|a|b|\n|-|-|\n|1|2|", "a b 1 2"),
    ] {
        assert_eq!(summary(markdown), expected, "{markdown}");
    }
}

#[test]
fn a_long_summary_is_cut_after_a_word() {
    let long = summary(&"wörter, ".repeat(100));
    assert!(long.ends_with("wörter…") && (180..=200).contains(&long.chars().count()), "{long}");
    assert_eq!(summary(&"x".repeat(500)).chars().count(), 200);
    assert_eq!(summary(&format!("{} y", "x".repeat(200))).chars().count(), 200);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_is_written_is_safe(
        pieces in prop::collection::vec(
            prop_oneof![
                prop::sample::select(ATTACKS).prop_map(str::to_owned),
                "[\\[\\]()<>!*_`~|#>&;:\"'=/\\\\ \n\t-]{0,8}",
                "\\PC{0,12}",
                Just("<".to_owned()),
                Just("javascript:".to_owned()),
            ],
            0..12,
        )
    ) {
        let markdown = pieces.concat();
        assert_safe(&to_html(&markdown), &markdown);
        prop_assert!(summary(&markdown).chars().count() <= 200);
    }
}
