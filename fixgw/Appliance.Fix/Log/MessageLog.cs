namespace Appliance.Fix;

/// <summary>Where message logs go.</summary>
public sealed record MessageLogOptions
{
    public required string Directory { get; init; }
    /// <summary>A file that has grown to this goes on in another of the same day, MiB.</summary>
    public int FileMegabytes { get; init; } = 256;
    /// <summary>Tags of Logons whose values are written as asterisks.</summary>
    public IReadOnlyList<int> SecretTags { get; init; } = SecretFields.Usual;
}

/// <summary>
/// Sessions' messages in plain FIX text, a line each: UTC time, "in" or "out", the message with SOH between its fields. A thread of its own reads behind the stores, so a sender never waits for it
/// and nothing is copied twice: what the log has not written yet stands in the store. When a disk is so slow that a whole store is overwritten meanwhile, or refuses, the lines are counted, and a line says
/// how many are missing. One file a session and UTC day, and further ones when it has grown to its size.
/// </summary>
public sealed class MessageLog : IDisposable
{
    private const int TurnMs = 10;
    private readonly MessageLogOptions _options;
    private readonly List<MessageLogFile> _files = [];
    private readonly AutoResetEvent _wake = new(false);
    private readonly Thread _thread;
    private volatile bool _stopping;

    public MessageLog(MessageLogOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.FileMegabytes, 1);
        _options = options;
        System.IO.Directory.CreateDirectory(options.Directory);
        _thread = new Thread(Run, 1 << 18) { IsBackground = true, Name = "fix-messages" };
        _thread.Start();
    }

    /// <summary>Lines that are in no file, because the disk refused them or was too slow.</summary>
    public long LinesLost
    {
        get
        {
            lock (_files) return _files.Sum(f => f.LinesLost);
        }
    }

    public long LinesWritten
    {
        get
        {
            lock (_files) return _files.Sum(f => f.LinesWritten);
        }
    }

    /// <summary>Why a file could not be written; null when none could not.</summary>
    public string? LastError
    {
        get
        {
            lock (_files) return _files.Select(f => f.LastError).FirstOrDefault(e => e is not null);
        }
    }

    /// <summary>Logs what the store gets from now on, both directions.</summary>
    public void Add(SequenceStore store, string session)
    {
        lock (_files) _files.Add(new MessageLogFile(new StoreTail(store), _options, session));
    }

    private void Run()
    {
        while (!_stopping)
        {
            bool more = WriteAll();
            if (!more) _wake.WaitOne(TurnMs);
        }
    }

    /// <returns>True when there may be more at once.</returns>
    private bool WriteAll()
    {
        bool more = false;
        lock (_files)
        {
            for (int i = 0; i < _files.Count; i++) more |= _files[i].WriteOne();
        }
        return more;
    }

    /// <summary>Writes what is stored and not yet written, and closes the files. Before the stores are disposed.</summary>
    public void Dispose()
    {
        if (_stopping)
            return;
        _stopping = true;
        _wake.Set();
        _thread.Join();
        while (WriteAll()) { }
        foreach (var file in _files) file.Dispose();
        _wake.Dispose();
    }
}
