//! The inks. Every cover is printed with two inks on a warm paper; where both lie on each other a third, darker tone
//! appears, which is picked by hand rather than computed so that it stays a colour and not mud.

use super::dice::Dice;

/// One pair of inks with its paper and its overprint, as `#RRGGBB`.
pub(super) struct Palette {
    paper: &'static str,
    deep: &'static str,
    bright: &'static str,
    over: &'static str,
}

const fn inks(paper: &'static str, deep: &'static str, bright: &'static str, over: &'static str) -> Palette {
    Palette { paper, deep, bright, over }
}

/// Fourteen pairs. The deep inks keep a lightness between a light page's paper and a dark page's blue-black, so that a cover
/// flooded with one never melts into either.
const PALETTES: [Palette; 14] = [
    inks("#F3E7D3", "#2C4C9B", "#F2705A", "#221F4F"),
    inks("#F4EAD9", "#1F6B52", "#F4A9A0", "#143B38"),
    inks("#F5EAD4", "#D8432B", "#F3B941", "#861D24"),
    inks("#F4E9D5", "#167C86", "#F6C453", "#0E4549"),
    inks("#F4E6D6", "#5D3F91", "#F28A4B", "#311A4C"),
    inks("#F2E8D8", "#BC3C2F", "#8FC3D8", "#4B1C31"),
    inks("#F3EAD2", "#3C7042", "#EBC340", "#1C3D29"),
    inks("#F5E8DB", "#8D2655", "#90D0B8", "#451339"),
    inks("#F3E8D0", "#2749A5", "#F4CB45", "#16293F"),
    inks("#F4E7D4", "#63305A", "#E8A23A", "#2F1330"),
    inks("#F6E8D9", "#C73E66", "#F5AE62", "#74163F"),
    inks("#F1E6D5", "#385078", "#EE5A36", "#1D233B"),
    inks("#F3E8DC", "#3F52AD", "#C6AAE3", "#28235F"),
    inks("#F3E6D0", "#94502F", "#EFB27C", "#47211A"),
];

/// What a row of posters is pasted on: lighter than any sheet, so that even a sheet with much bare paper stands out.
pub(super) const WALL: &str = "#FCF8F0";

/// What each of the four printed states of the sheet looks like.
#[derive(Clone, Copy)]
pub(super) struct Colours {
    pub(super) ground: &'static str,
    pub(super) a: &'static str,
    pub(super) b: &'static str,
    pub(super) over: &'static str,
}

/// How the two inks are laid on the sheet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Printing {
    /// Both inks on bare paper; the second is the same with the inks exchanged.
    Paper,
    PaperExchanged,
    /// The bright ink floods the sheet and the paper shows through as a form.
    Bright,
    BrightExchanged,
    /// The deep ink floods the sheet.
    Deep,
    DeepExchanged,
    /// The overprint tone floods the sheet: for the dark houses (film, theatre, music at night).
    Night,
}

impl Printing {
    pub(super) fn draw(dice: &mut Dice, night: u32) -> Self {
        if dice.chance(night) {
            return Self::Night;
        }
        dice.pick(&[
            Self::Paper,
            Self::Paper,
            Self::PaperExchanged,
            Self::PaperExchanged,
            Self::Bright,
            Self::Bright,
            Self::BrightExchanged,
            Self::Deep,
            Self::DeepExchanged,
        ])
    }

    /// The two sister printings that hang beside this one.
    pub(super) fn sisters(self) -> [Self; 2] {
        match self {
            Self::Paper => [Self::Bright, Self::DeepExchanged],
            Self::PaperExchanged => [Self::Deep, Self::BrightExchanged],
            Self::Bright | Self::BrightExchanged => [Self::Paper, Self::Deep],
            Self::Deep | Self::DeepExchanged | Self::Night => [Self::Bright, Self::Paper],
        }
    }
}

impl Palette {
    pub(super) fn draw(dice: &mut Dice) -> &'static Self {
        let last = u32::try_from(PALETTES.len() - 1).unwrap_or(0);
        &PALETTES[dice.int(0, last) as usize]
    }

    pub(super) fn colours(&self, printing: Printing) -> Colours {
        let (ground, a, b, over) = match printing {
            Printing::Paper => (self.paper, self.deep, self.bright, self.over),
            Printing::PaperExchanged => (self.paper, self.bright, self.deep, self.over),
            Printing::Bright => (self.bright, self.deep, self.paper, self.over),
            Printing::BrightExchanged => (self.bright, self.paper, self.deep, self.over),
            Printing::Deep => (self.deep, self.bright, self.paper, self.over),
            Printing::DeepExchanged => (self.deep, self.paper, self.bright, self.over),
            Printing::Night => (self.over, self.bright, self.paper, self.deep),
        };
        Colours { ground, a, b, over }
    }
}
