//! The packs that are compiled into the program.

/// A pack that comes with the program.
#[derive(Debug, Clone, Copy)]
pub struct BuiltIn {
    /// As `--pack` takes it.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// The file, as in rules/.
    pub yaml: &'static str,
}

/// The pack that is used when nothing else is asked for.
pub const DEFAULT_PACK: &str = "pegasus";

macro_rules! packs {
    ($($name:literal: $title:literal,)*) => {
        static PACKS: &[BuiltIn] = &[$(BuiltIn {
            name: $name,
            title: $title,
            yaml: include_str!(concat!("../../rules/", $name, ".yaml")),
        },)*];
    };
}

packs! {
    "pegasus": "NSO Group Pegasus",
    "android-campaign-2023": "Android campaign of 2023 (mercenary spyware company)",
    "candiru": "Candiru DevilsTongue",
    "coruna": "Coruna iOS exploit kit",
    "darksword": "DarkSword iOS exploit chain",
    "donot": "Donot Team",
    "eaglemsgspy": "EagleMsgSpy",
    "finfisher": "FinFisher FinSpy",
    "novispy": "NoviSpy (Serbia)",
    "phishing-civil-society": "Phishing and spyware sent to civil society",
    "predator": "Cytrox / Intellexa Predator",
    "quadream": "QuaDream KingsPawn",
    "rcs-lab": "RCS Lab spyware",
    "residentbat": "ResidentBat",
    "triangulation": "Operation Triangulation",
    "wintego-helios": "Wintego Helios",
    "wyrmspy-dragonegg": "WyrmSpy and DragonEgg",
}

/// All built-in packs: the default pack first, the others by name.
pub fn built_in() -> &'static [BuiltIn] {
    PACKS
}
