// One test at a time. Tests that count allocated bytes are spoilt by a collection that another test's garbage causes (the runtime then counts the rest of the thread's
// allocation block as used), and tests that start processes want the two cores of a small machine for themselves.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
