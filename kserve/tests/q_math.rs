//! Functions of floats, `til`, small matrices.

mod q_shown;

use q_shown::check;

#[test]
fn functions_of_floats_and_matrices() {
    check(&[
        ("til 5", "0 1 2 3 4"),
        ("til 0", "`long$()"),
        ("til -1", "'domain"),
        ("til 2.5", "'type"),
        ("til 3h", "0 1 2"),
        ("til 1b", ",0"),
        ("til 0N", "'domain"),
        ("sqrt -1 0n 0 25 50", "0n 0n 0 5 7.071068"),
        ("sqrt 101b", "1 0 1f"),
        ("sqrt 0Wh", "181.0166"),
        ("sqrt 4", "2f"),
        ("sqrt `a", "'type"),
        ("sqrt (10;20 30)", "3.162278\n4.472136 5.477226"),
        ("exp 0 1", "1 2.718282"),
        ("exp 0n", "0n"),
        ("log 1 0 -1", "0 -0w 0n"),
        ("log 0N", "0n"),
        ("sin 0", "0f"),
        ("cos 0", "1f"),
        ("tan 0", "0f"),
        ("asin 2", "0n"),
        ("acos 1", "0f"),
        ("atan 1", "0.7853982"),
        ("2 xexp 10", "1024f"),
        ("2 xexp 0.5", "1.414214"),
        ("-2 2 xexp .5", "0n 1.414214"),
        ("2 xexp 0N", "0n"),
        ("0n xexp 0", "0n"),
        ("4 xexp 0.5 2", "2 16f"),
        ("2 xlog 8", "3f"),
        ("10 xlog 1000", "3f"),
        ("0N xlog 2", "0n"),
        ("inv (2 0f;0 4f)", "0.5 0\n0   0.25"),
        ("inv (1 2f;2 4f)", "\n"),
        ("inv 3 3f", "'type"),
        ("inv (1 2f;3 4f;5 6f)", "'length"),
        ("inv (1 2;3 4)", "'type"),
        ("(1 2f;3 4f) mmu 1 1f", "3 7f"),
        ("1 1f mmu (1 2f;3 4f)", "4 6f"),
        ("1 2 3f mmu 4 5 6f", "32f"),
        ("(1 2f;3 4f) mmu (1 0f;0 1f)", "1 2\n3 4"),
        ("(1 2f;3 4f) mmu 1 2 3f", "'length"),
        ("1 2f$3 4f", "11f"),
        ("(1 2 3f;4 5 6f)$(7 8f;9 10f;11 12f)", "58  64\n139 154"),
        ("lsq[(1 2f;3 4f);(1 0f;0 1f)]", "1 2\n3 4"),
        ("(1 2f;3 4f) lsq (2 0f;0 4f)", "0.5 0.5\n1.5 1"),
        ("1 2 mmu 3 4", "'type"),
    ]);
}
