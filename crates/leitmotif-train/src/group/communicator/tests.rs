#![allow(clippy::unwrap_used)]
use super::*;
use crate::group::thread_groups;

/// What each of `size` processes comes to.
fn together<T: Send>(size: usize, work: impl Fn(&Communicator) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let work = &work;
        let run = |group| scope.spawn(move || work(&Communicator::new(Box::new(group))));
        let threads: Vec<_> = thread_groups(size).into_iter().map(run).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn sums_are_in_the_order_of_the_ranks_and_the_same_bits_everywhere() {
    // Summed in another order, these are other numbers.
    let value =
        |rank: usize, index: usize| ((rank * 37 + index * 11) as f32 * 0.731).sin() * 10f32.powi(index as i32 % 9);
    for size in [1, 2, 3, 5] {
        for length in [0, 1, 2, 7, 100] {
            let expected: Vec<f32> =
                (0..length).map(|index| (0..size).fold(0.0, |sum, rank| sum + value(rank, index))).collect();
            let sums = together(size, |all| {
                let rank = all.group.rank();
                let mut vector: Vec<f32> = (0..length).map(|index| value(rank, index)).collect();
                let mut numbers: Vec<f64> = vector.iter().map(|value| f64::from(*value)).collect();
                all.sum_vectors(&mut vector);
                all.sum(&mut numbers);
                (vector, numbers)
            });
            for (vector, numbers) in &sums {
                assert_eq!(*vector, expected, "{length} values of {size} processes");
                assert_eq!(*numbers, sums[0].1);
            }
        }
    }
}

#[test]
fn streams_are_divided_whole_and_evenly() {
    for (size, total) in [(1, 5), (2, 5), (3, 9), (4, 4)] {
        let mut parts = together(size, |all| all.own(total));
        parts.sort_by_key(|part| part.start);
        assert_eq!(parts.iter().flat_map(Clone::clone).collect::<Vec<_>>(), (0..total).collect::<Vec<_>>());
        assert!(parts.iter().all(|part| part.len() >= total / size && part.len() <= total.div_ceil(size)));
    }
}

#[test]
fn an_error_in_one_process_ends_all() {
    let errors = together(3, |all| {
        let rank = all.group.rank();
        let result = (0..).try_for_each(|step| {
            let mut numbers = [1.0];
            all.sum(&mut numbers);
            all.check()?;
            assert_eq!(numbers, [3.0]);
            if step == 4 && rank == 1 { Err(TrainError::Corpus("a song is missing".into())) } else { Ok(()) }
        });
        let error = all.end::<()>(result).unwrap_err();
        let mut after = [1.0];
        all.sum(&mut after);
        assert!(after[0].is_nan() || rank == 1);
        error.to_string()
    });
    assert_eq!(errors[1], "a song is missing");
    assert!(errors[0].contains("process 1") && errors[0].contains("a song is missing"), "{errors:?}");
    assert_eq!(errors[0], errors[2]);
}

#[test]
fn what_differs_between_processes_is_refused() {
    let results = together(3, |all| {
        let settings = if all.group.rank() == 2 { "b" } else { "a" };
        all.end(all.must_agree("settings", settings, "start all alike")).map_err(|error| error.to_string())
    });
    for result in results {
        let error = result.unwrap_err();
        assert!(error.contains("process 2 has settings other than process 0"), "{error}");
    }
}
