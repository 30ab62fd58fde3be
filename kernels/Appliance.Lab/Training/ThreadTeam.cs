namespace Appliance.Lab.Training;

/// <summary>
/// Threads of its own that work together, call after call: a batch takes milliseconds and must not wait for the pool to find a second thread. The caller is member 0. Which member does what is
/// left to the work, so nothing that it computes may depend on it.
/// </summary>
public sealed class ThreadTeam : IDisposable
{
    private readonly Barrier _begin, _end;
    private readonly Thread[] _threads;
    private readonly Exception?[] _failures;
    private Action<int>? _work;

    public ThreadTeam(int members)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(members, 1);
        Members = members;
        _begin = new Barrier(members);
        _end = new Barrier(members);
        _failures = new Exception?[members];
        _threads = new Thread[members - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            int member = i + 1;
            _threads[i] = new Thread(() => Serve(member)) { IsBackground = true, Name = $"training {member}" };
            _threads[i].Start();
        }
    }

    public int Members { get; }

    /// <summary>Runs the work once on every member, with the member's number; returns when all are done. What one of them throws comes out here.</summary>
    public void Run(Action<int> work)
    {
        _work = work;
        Array.Clear(_failures);
        _begin.SignalAndWait();
        Do(0);
        _end.SignalAndWait();
        _work = null;
        foreach (Exception? failure in _failures)
            if (failure is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }

    private void Serve(int member)
    {
        while (true)
        {
            _begin.SignalAndWait();
            if (_work is null) return;
            Do(member);
            _end.SignalAndWait();
        }
    }

    private void Do(int member)
    {
        try { _work!(member); }
        catch (Exception e) { _failures[member] = e; }
    }

    public void Dispose()
    {
        _work = null;
        _begin.SignalAndWait();
        foreach (Thread thread in _threads) thread.Join();
        _begin.Dispose();
        _end.Dispose();
    }
}
