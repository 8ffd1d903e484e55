//! Arrow types that no kind maps to, as the types of the kinds that take them.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, DurationMicrosecondType, DurationMillisecondType,
    DurationNanosecondType, DurationSecondType, Int8Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType,
    Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_schema::{DataType, TimeUnit};

use super::item::OutOfRange;
use crate::kind::Kind;

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// The kind of fixed width that takes a type without metadata.
pub(super) const fn kind(data_type: &DataType) -> Option<Kind> {
    Some(match data_type {
        DataType::Boolean => Kind::Boolean,
        DataType::FixedSizeBinary(16) => Kind::Guid,
        DataType::UInt8 => Kind::Byte,
        DataType::Int8 | DataType::Int16 => Kind::Short,
        DataType::Int32 | DataType::UInt16 => Kind::Int,
        DataType::Int64 | DataType::UInt32 | DataType::UInt64 => Kind::Long,
        DataType::Float32 => Kind::Real,
        DataType::Float64 => Kind::Float,
        DataType::Timestamp(..) => Kind::Timestamp,
        DataType::Date32 | DataType::Date64 => Kind::Date,
        DataType::Time32(TimeUnit::Second) => Kind::Second,
        DataType::Time32(_) => Kind::Time,
        DataType::Time64(_) | DataType::Duration(_) => Kind::Timespan,
        _ => return None,
    })
}

/// The array in the type that its [`kind`] maps to.
pub(super) fn standard(array: &ArrayRef) -> Result<ArrayRef, OutOfRange> {
    use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
    let times = |factor: i64| move |number: i64| number.checked_mul(factor);
    match array.data_type() {
        DataType::Int8 => convert::<Int8Type, Int16Type>(array, |number| Some(number.into())),
        DataType::UInt16 => convert::<UInt16Type, Int32Type>(array, |number| Some(number.into())),
        DataType::UInt32 => convert::<UInt32Type, Int64Type>(array, |number| Some(number.into())),
        DataType::UInt64 => convert::<UInt64Type, Int64Type>(array, |number| number.try_into().ok()),
        DataType::Date64 => convert::<Date64Type, Date32Type>(array, |ms| ms.div_euclid(DAY).try_into().ok()),
        DataType::Timestamp(unit, _) => match unit {
            Second => convert::<TimestampSecondType, TimestampNanosecondType>(array, times(1_000_000_000)),
            Millisecond => convert::<TimestampMillisecondType, TimestampNanosecondType>(array, times(1_000_000)),
            Microsecond => convert::<TimestampMicrosecondType, TimestampNanosecondType>(array, times(1000)),
            Nanosecond => Ok(array.clone()),
        },
        DataType::Time64(Microsecond) => convert::<Time64MicrosecondType, DurationNanosecondType>(array, times(1000)),
        DataType::Time64(_) => convert::<Time64NanosecondType, DurationNanosecondType>(array, Some),
        DataType::Duration(unit) => match unit {
            Second => convert::<DurationSecondType, DurationNanosecondType>(array, times(1_000_000_000)),
            Millisecond => convert::<DurationMillisecondType, DurationNanosecondType>(array, times(1_000_000)),
            Microsecond => convert::<DurationMicrosecondType, DurationNanosecondType>(array, times(1000)),
            Nanosecond => Ok(array.clone()),
        },
        _ => Ok(array.clone()),
    }
}

/// Each number that is no null, if all of them fit.
fn convert<A: ArrowPrimitiveType, B: ArrowPrimitiveType>(
    array: &ArrayRef,
    number: impl Fn(A::Native) -> Option<B::Native>,
) -> Result<ArrayRef, OutOfRange> {
    let array = array.as_primitive::<A>().try_unary::<_, B, _>(|item| number(item).ok_or(OutOfRange))?;
    Ok(Arc::new(array))
}
