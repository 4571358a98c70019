"""What a report says of a platform that was adapted to: which sources it rests on, which it resembles, why it errs."""
