//! A direction of a connection whose certificates are read; also the input as a Certificate
//! message in records of any size.

use bellerophon::names::tls::{Flight, flight};
use bellerophon::names::{Kind, Step, x509};

type Found = (Vec<(Kind, Vec<u8>)>, x509::Stats);

pub fn run(data: &[u8]) {
    let Some((&piece, data)) = data.split_first() else {
        return;
    };
    let piece = usize::from(piece).max(1);
    let whole = read(data, data.len());
    assert_eq!(whole, read(data, 0), "bytes one by one");
    assert_eq!(whole, read(data, piece), "segments of {piece} bytes");

    let body = &data[..data.len().min(16_000)];
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    let mut message = vec![11, length[1], length[2], length[3]];
    message.extend(body);
    let one = read(&record(&message), 0);
    let several: Vec<u8> = message.chunks(piece).flat_map(record).collect();
    assert_eq!(one, read(&several, piece), "records of {piece} bytes");
}

fn record(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let mut record = vec![22, 3, 3, length[0], length[1]];
    record.extend(content);
    record
}

/// Each answer that more is needed is given `more` bytes, if that is enough.
fn read(bytes: &[u8], more: usize) -> Found {
    let mut names = Vec::new();
    let mut stats = x509::Stats::default();
    let mut joined = vec![b'x'; 300];
    let mut state = Flight::default();
    let (mut start, mut end) = (0, 0);
    loop {
        end = end.max(start).min(bytes.len());
        let last = end == bytes.len();
        let before = (state, stats, names.len());
        let step = flight(
            &mut state,
            &bytes[start..end],
            last,
            &mut joined,
            &mut stats,
            &mut |kind, name| names.push((kind, name.to_vec())),
        );
        match step {
            Step::Took(n) => {
                assert!(n > 0, "no progress");
                start += usize::try_from(n).unwrap();
                if start > bytes.len() {
                    return (names, stats);
                }
            }
            Step::Need(n) => {
                assert!(!last && n > end - start);
                assert_eq!(before, (state, stats, names.len()), "it left a trace");
                end = (start + n).max(end + more);
            }
            Step::End => return (names, stats),
        }
    }
}
