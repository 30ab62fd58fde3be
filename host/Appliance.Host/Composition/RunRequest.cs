using Appliance.Host.Configuration;

namespace Appliance.Host.Composition;

/// <summary>What a run is asked to do, from the command line.</summary>
internal sealed record RunRequest
{
    public required string Command { get; init; }
    public required HardwareProfile Profile { get; init; }
    public required Desk Desk { get; init; }
    public required string OutFolder { get; init; }
    public string? Report { get; init; }
    /// <summary>Capture to play; null for the live feed.</summary>
    public string? Capture { get; init; }
    /// <summary>Journal to replay; excludes a capture and a venue.</summary>
    public string? Journal { get; init; }
    /// <summary>0 as fast as possible, 1 as recorded.</summary>
    public double Speed { get; init; }
    /// <summary>Length of a live run; 0 until interrupted.</summary>
    public double Seconds { get; init; }
    /// <summary>Before the measured window opens, in a live run.</summary>
    public double WarmUpSeconds { get; init; } = 2;
    public bool ShowConsole { get; init; } = true;
    public bool WriteJournal { get; init; } = true;
    /// <summary>A hot thread's fault, to try the watchdog; null none.</summary>
    public Threads.InjectedFault? Fault { get; init; }
    /// <summary>Limit of the journal's size in bytes, to try a full disk; 0 none.</summary>
    public long JournalBytesMax { get; init; }
    /// <summary>Positions that the operator states over the desk file's initialHedge, each "SYMBOL=QUANTITY".</summary>
    public IReadOnlyList<string> OpeningPositions { get; init; } = [];
    /// <summary>Arguments passed on to the embedded venue.</summary>
    public IReadOnlyList<string> VenueArguments { get; init; } = [];
    /// <summary>Market data made in the process, at full speed: how many ticks, and how often one makes an order. 0 none.</summary>
    public long SyntheticTicks { get; init; }
    public int SyntheticOrderEvery { get; init; } = 50;
    /// <summary>Print nothing at the end but warnings.</summary>
    public bool Quiet { get; init; }
    /// <summary>Feed and FIX port given on the command line over the desk's, for a rig that stands in for the venue; 0 none.</summary>
    public int FeedPort { get; init; }
    public int FixPort { get; init; }
}
