import edgeprof


def test_every_public_name_can_be_had_and_the_list_is_sorted() -> None:
    assert edgeprof.__all__ == sorted(edgeprof.__all__)
    for name in edgeprof.__all__:
        assert getattr(edgeprof, name) is not None
