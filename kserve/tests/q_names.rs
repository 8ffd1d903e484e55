//! Names and namespaces as clients walk through them, and text in k.

mod q_shown;

use q_shown::check;

#[test]
fn namespaces() {
    check(&[
        ("{x in key `.q}[`xbar]", "1b"),
        ("`sum in key `.q", "0b"),
        ("first key `.q", "`"),
        ("(::)~first value `.q", "1b"),
        (".q.xbar[5;12]", "10"),
        ("99h~type value `.h", "1b"),
        ("`s1`qt`res`A in key `.Q", "1111b"),
        ("(value `.Q)[`n]", "\"0123456789\""),
        ("`htc in key `.h", "1b"),
        (".h.a", "'.h.a"),
        ("a:1; b:2; key `.", "`a`b"),
        ("a:1; (value `.)`a", "1"),
        (".s.a:1; .s.b.c:2; key `.s", "``a`b"),
        ("key `.nosuch", "()"),
    ]);
}

#[test]
fn assignment_of_globals_through_a_verb() {
    check(&[
        ("a:1 2; {a,::3}[]; a", "1 2 3"),
        ("a:1; a+::2; a", "3"),
        ("t:([]a:1#1); {t,::([]a:2 3)}[]; count t", "3"),
        ("1,::", "1\n::"),
        ("(1,::)", "1\n::"),
    ]);
}

#[test]
fn names_of_columns_are_made_unlike() {
    check(&[
        ("cols ([]1 2;3 4)", "`x`x1"),
        ("cols ([]a:1 2;a:3 4;a:5 6)", "`a`a1`a2"),
        ("cols ([]a1:1 2;a:3 4;a:5 6)", "`a1`a`a2"),
        ("cols ([k:1 2]k:3 4)", "`k`k"),
        ("t:([]sym:`a`b;n:1 2); cols update `g#sym from t", "`sym`n"),
        ("attr (update `g#sym from t)`sym", "`g"),
        ("cols select `$string sym from t", ",`sym"),
        ("cols select 2*n from t", ",`x"),
    ]);
}

#[test]
fn k_text() {
    check(&[
        ("value \"k)#1 2 3\"", "3"),
        ("value \"k)!3\"", "0 1 2"),
        ("value \"k)|1 2 3\"", "3 2 1"),
        ("value \"k)*|1 2 3\"", "3"),
        ("value \"k)+/1 2 3\"", "6"),
        ("value \"k)@1 2 3\"", "7h"),
        ("value \"k). `a`b!1 2\"", "1 2"),
        ("value \"k),1\"", ",1"),
        ("value \"k)~1\"", "0b"),
        ("value \"k)&0101b\"", "1 3"),
        ("value \"k)?1 1 2\"", "1 2"),
        ("value \"k)$`a\"", ",\"a\""),
        ("value \"k)2 in 1 2\"", "1b"),
        ("value \"k)(99h<@{x};` in `a`)\"", "11b"),
        ("value \"k){$[99h<@x;1;#x]}1 2 3\"", "3"),
        ("(value \"k){#x}\") 1 2", "2"),
    ]);
}

#[test]
fn files_are_names_and_refused() {
    check(&[
        ("hsym `a`:b", "`:a`:b"),
        ("hsym `a", "`:a"),
        ("read0 `:a", "'access"),
        ("read1 `:a", "'access"),
        ("read0 `a", "'type"),
        ("hcount `:a", "'access"),
        ("hdel `:a", "'nyi"),
    ]);
}
