using Appliance.Host.Configuration;
using Appliance.Host.Native;

namespace Appliance.Host.Threads;

/// <summary>
/// A thread of the profile: pinned and scheduled as the profile says, its stack touched before it enters its loop. A failure of the loop is a
/// programmer's error: it is kept and ends the run with exit code 1.
/// </summary>
internal sealed class HotThread
{
    private const int StackBytes = 1 << 20;
    private readonly Thread _thread;
    private readonly ThreadPlacement _placement;
    private readonly Action _body;
    private readonly ManualResetEventSlim _ready = new();

    public HotThread(string name, ThreadPlacement placement, Action body)
    {
        (Name, _placement, _body) = (name, placement, body);
        _thread = new Thread(Run, StackBytes) { Name = name, IsBackground = true };
    }

    public string Name { get; }
    public Exception? Failure { get; private set; }
    public string? Warning { get; private set; }
    public bool IsAlive => _thread.IsAlive;

    /// <summary>Starts the thread and returns once it runs where it should.</summary>
    public void Start()
    {
        _thread.Start();
        _ready.Wait();
    }

    public bool Join(int milliseconds) => _thread.Join(milliseconds);

    private void Run()
    {
        try
        {
            if (_placement.Core >= 0 && Linux.PinThisThread(_placement.Core) is not 0 and int pin)
                Warning = $"thread {Name} is not pinned to core {_placement.Core}: {Linux.Message(pin)}";
            if (_placement.Scheduling == "fifo" && Linux.MakeThisThreadFifo(_placement.Priority) is not 0 and int fifo)
                Warning = $"thread {Name} does not run as fifo: {Linux.Message(fifo)}";
            TouchStack();
            _ready.Set();
            _body();
        }
        catch (Exception e)
        {
            Failure = e;
        }
        finally
        {
            _ready.Set();
        }
    }

    /// <summary>Maps the stack's pages now, so that a deeper call later faults none.</summary>
    private static void TouchStack()
    {
        Span<byte> stack = stackalloc byte[512 * 1024];
        for (int i = 0; i < stack.Length; i += 4096) stack[i] = 1;
    }
}
