from mfa.sankey.columns import assign_columns, flow_order

FREE = [None] * 8


def test_a_chain_stands_in_a_row_with_its_ends_outside():
    edges = [(0, 1, 3.0), (1, 2, 3.0), (2, 3, 3.0)]
    assert assign_columns(4, edges, FREE[:4], ["in", "", "", "out"]) == [0, 1, 2, 3]


def test_the_lighter_edge_of_a_cycle_goes_back():
    assert flow_order(2, [(0, 1, 2.0), (1, 0, 5.0)]) == [1, 0]
    assert assign_columns(2, [(0, 1, 2.0), (1, 0, 5.0)], FREE[:2], ["", ""]) == [1, 0]


def test_given_columns_are_kept_and_the_others_find_their_place():
    edges = [(0, 1, 5.0), (1, 2, 5.0)]
    assert assign_columns(3, edges, [0, None, 2], [""] * 3) == [0, 1, 2]
    assert assign_columns(3, edges, [2, None, 0], [""] * 3)[::2] == [1, 0]


def test_ends_stand_outside_even_of_the_first_and_last_column():
    edges = [(0, 1, 1.0), (1, 2, 1.0), (2, 3, 1.0), (3, 4, 1.0)]
    columns = assign_columns(5, edges, FREE[:5], ["in", "", "", "", "out"])
    assert columns == [0, 1, 2, 3, 4]


def test_a_producer_moves_next_to_its_only_customer():
    # 0 → 1 → 2 → 3 is the trunk; 4 serves only 3.
    edges = [(0, 1, 9.0), (1, 2, 9.0), (2, 3, 9.0), (4, 3, 1.0)]
    assert assign_columns(5, edges, FREE[:5], [""] * 5) == [0, 1, 2, 3, 2]


def test_a_long_chain_is_folded_to_the_columns_a_page_has():
    edges = [(i, i + 1, 1.0 + i) for i in range(39)]
    columns = assign_columns(40, edges, [None] * 40, [""] * 40)
    assert max(columns) <= 7
    assert all(columns[a] != columns[b] for a, b, _ in edges)
