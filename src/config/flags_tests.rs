//! Tests of [`super`].

use super::super::sample;
use super::*;

fn flags() -> Flags {
    Flags::new(&sample::command(), "watch").unwrap()
}

#[test]
fn each_kind_of_flag_has_its_form() {
    let flags = flags();
    for (key, wanted) in [
        ("no-progress", Form::Switch),
        ("no-names", Form::Switch),
        ("quiet", Form::Switch),
        ("verbose", Form::Count),
        ("workers", Form::One { optional: false }),
        ("color", Form::One { optional: true }),
        ("rules", Form::Each),
        ("home", Form::Each),
        ("rename", Form::Group(2)),
        ("forms", Form::Joined('+')),
    ] {
        assert_eq!(form(flags.find(key).ok().unwrap()), wanted, "{key}");
    }
    for key in ["config", "help", "many"] {
        let form = form(flags.find(key).ok().unwrap());
        assert!(matches!(form, Form::Unfit(_)), "{key}");
    }
}

#[test]
fn ranges_are_those_of_the_parser() {
    let flags = flags();
    for (key, wanted) in [
        ("workers", Some("1 to 256")),
        ("offset", Some("-2147483648 to 2147483647")),
        ("ring", None),
        ("interface", None),
        ("summary", None),
    ] {
        let range = range(flags.find(key).ok().unwrap());
        assert_eq!(range.as_deref(), wanted, "{key}");
    }
}

#[test]
fn misspelt_keys_find_what_was_meant() {
    let flags = flags();
    for (key, near, alias) in [
        ("wrokers", Some("workers"), false),
        ("--workers", Some("workers"), false),
        ("no_progress", Some("no-progress"), false),
        ("Eve", Some("eve"), false),
        ("iface", Some("interface"), true),
        ("insid", None, false),
        ("halp", None, false),
        ("colour-of-money", None, false),
        ("", None, false),
    ] {
        let unknown = flags.find(key).err().unwrap();
        assert_eq!(
            (unknown.near.as_deref(), unknown.alias),
            (near, alias),
            "{key}"
        );
    }
    assert_eq!(nearest(&"x".repeat(1_000_000), ["x"]), None);
}

#[test]
fn another_command_is_named() {
    let error = Flags::new(&sample::command(), "wacth").err().unwrap();
    assert!(error.to_string().contains("no command `wacth`"));
}
