//! The characters that pictures are made of, and their ASCII stand-ins.

/// One set of characters.
pub struct Glyphs {
    pub ellipsis: &'static str,
    pub times: &'static str,
    pub dash: &'static str,
    pub bullet: &'static str,
    pub step: &'static str,
    /// From nearly nothing to full.
    pub shades: [char; 4],
    pub fault: char,
    pub sparks: [char; 8],
}

pub const UNICODE: Glyphs = Glyphs {
    ellipsis: "…",
    times: "×",
    dash: "–",
    bullet: "•",
    step: "└▶ ",
    shades: ['░', '▒', '▓', '█'],
    fault: '✗',
    sparks: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
};

pub const ASCII: Glyphs = Glyphs {
    ellipsis: "...",
    times: "x",
    dash: "-",
    bullet: "-",
    step: "`> ",
    shades: ['.', '-', '=', '#'],
    fault: 'X',
    sparks: ['_', '.', ',', '-', '=', '+', '*', '#'],
};
