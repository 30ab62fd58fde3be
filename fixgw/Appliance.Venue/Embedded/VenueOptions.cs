using Appliance.Contract;
using Appliance.Fix;

namespace Appliance.Venue.Embedded;

/// <summary>One instrument of the simulated venue. Prices on the tape are ITCH's: four decimals, so PriceUnitsPerOne must be 10,000.</summary>
public sealed record SimulatedInstrument
{
    public required InstrumentDefinition Definition { get; init; }
    /// <summary>Fundamental price at the open, in quote currency.</summary>
    public required double OpenPrice { get; init; }
    /// <summary>Of the fundamental's geometric Brownian motion, per square root of a year of 365.25 days.</summary>
    public double AnnualisedVolatility { get; init; } = 0.5;
    /// <summary>Distance from the fundamental to a maker's best quote, in ticks.</summary>
    public double HalfSpreadTicks { get; init; } = 1.5;
    /// <summary>Ticks between a maker's levels.</summary>
    public int LevelStepTicks { get; init; } = 1;
    /// <summary>Average size of a background order, in lots.</summary>
    public int OrderLots { get; init; } = 200;
}

/// <summary>An instrument is halted <paramref name="AtSeconds"/> after the open for <paramref name="ForSeconds"/>.</summary>
public sealed record ScriptedHalt(string Symbol, double AtSeconds, double ForSeconds);

/// <summary>What the embedded venue is. Checked by its constructor.</summary>
public sealed record VenueOptions
{
    public required IReadOnlyList<SimulatedInstrument> Instruments { get; init; }
    /// <summary>The acceptor's options; its CompId is the venue's name.</summary>
    public required FixAcceptorOptions Fix { get; init; }

    /// <summary>Multicast group of the tape: in the block for use within an organisation (RFC 2365).</summary>
    public string Group { get; init; } = "239.192.0.64";
    public int GroupPort { get; init; } = 26_400;
    /// <summary>Address of the interface that the tape leaves by; loopback, so that nothing leaves the machine.</summary>
    public string Interface { get; init; } = "127.0.0.1";
    /// <summary>Multicast group of a second line of the same packets; null publishes one line only.</summary>
    public string? SecondGroup { get; init; }
    public int SecondGroupPort { get; init; } = 26_401;
    public string SecondInterface { get; init; } = "127.0.0.1";
    /// <summary>UDP port of the re-request server, on the first line's interface; 0 takes a free one, −1 has none.</summary>
    public int RecoveryPort { get; init; } = -1;
    /// <summary>Published bytes that the re-request server keeps; older packets are answered no more.</summary>
    public long HistoryBytesMax { get; init; } = 1L << 30;
    /// <summary>Share of packets that each line loses by chance, 0–1: to try a receiver.</summary>
    public double DropShare { get; init; }
    /// <summary>First characters of the MoldUDP64 session, at most 4; a run number of six digits follows, so that a restarted venue begins a new session.</summary>
    public string SessionPrefix { get; init; } = "AV";
    /// <summary>MoldUDP64 heartbeats when nothing is published, milliseconds.</summary>
    public int HeartbeatMs { get; init; } = 1_000;

    /// <summary>Background transactions a second over all instruments, in the mean.</summary>
    public double BackgroundRateHz { get; init; } = 2_000;
    /// <summary>Every chance of the run comes from this number.</summary>
    public ulong Seed { get; init; } = 1;
    /// <summary>Market makers an instrument and their levels a side.</summary>
    public int Makers { get; init; } = 3;
    public int MakerLevels { get; init; } = 5;

    /// <summary>Waits with the open until a client has logged on, so that a subscriber that listens before logging on hears the tape from its first message.</summary>
    public bool OpensOnLogon { get; init; } = true;
    /// <summary>From the open to the end; 0 runs until stopped.</summary>
    public double DurationSeconds { get; init; }
    /// <summary>Ends when every client has been away for this long after having been there; 0 never does.</summary>
    public double EndsWithoutClientsSeconds { get; init; }

    /// <summary>Delay of a client's request before it reaches the book, nanoseconds.</summary>
    public long OrderDelayNs { get; init; }
    /// <summary>Share of new orders and replacements that are rejected for no reason, 0–1.</summary>
    public double RejectRate { get; init; }
    /// <summary>Connections cut without a word, a minute, in the mean.</summary>
    public double DisconnectsPerMinute { get; init; }
    /// <summary>Seconds after the open at which all connections are cut.</summary>
    public IReadOnlyList<double> DisconnectAtSeconds { get; init; } = [];
    /// <summary>Cancels a client's orders when its session goes down, also where its logon did not ask for it.</summary>
    public bool CancelsOnDisconnect { get; init; } = true;
    /// <summary>CompID of the counterparty that is sent a copy of every execution report of every client, and may ask for nothing; null sends none.</summary>
    public string? DropCopyCompId { get; init; }
    public IReadOnlyList<ScriptedHalt> Halts { get; init; } = [];
    public FeeSchedule Fees { get; init; } = FeeSchedule.None;

    /// <summary>Where the statement goes; null writes none.</summary>
    public string? StatementFile { get; init; }
    /// <summary>Between statements while running, seconds.</summary>
    public double StatementEverySeconds { get; init; } = 5;
    /// <summary>Folder of the log of client reports, from which a venue that was killed takes up its accounts; null keeps none.</summary>
    public string? StateDirectory { get; init; }
    /// <summary>Puts something in front of the acceptor, TLS above all: told the acceptor's port, it answers with the one that clients are to connect to. Null: the acceptor's own.</summary>
    public Func<int, int>? Front { get; init; }
    /// <summary>Written once the venue listens: JSON with fixPort, group, groupPort, interface, moldSession and processId. Null writes none.</summary>
    public string? ReadyFile { get; init; }

    /// <summary>Sleep between steps when there is nothing to do, microseconds; 0 yields instead, and takes a core.</summary>
    public int IdleSleepMicros { get; init; } = 200;

    /// <summary>Resting orders over all instruments.</summary>
    public int BookOrdersMax { get; init; } = 1 << 16;
    public int LevelsMax { get; init; } = 4_096;
    /// <summary>Client orders over the venue's life, with what the state folder remembers; later ones are rejected.</summary>
    public int ClientOrdersMax { get; init; } = 1 << 17;
    /// <summary>Client requests delayed at once, a power of two; more are rejected.</summary>
    public int RequestsMax { get; init; } = 1 << 12;

    internal void Check()
    {
        if (Instruments.Count is 0 or > 1_000) throw new ArgumentException("A venue has 1 to 1,000 instruments.");
        for (int i = 0; i < Instruments.Count; i++)
        {
            InstrumentDefinition definition = Instruments[i].Definition;
            if (definition.Index != i) throw new ArgumentException($"{definition.Symbol}: its index is {definition.Index}, its place in the list is {i}.");
            if (definition.PriceUnitsPerOne != 10_000) throw new ArgumentException($"{definition.Symbol}: ITCH prices have four decimals, so PriceUnitsPerOne must be 10,000.");
            double openUnits = Instruments[i].OpenPrice * definition.PriceUnitsPerOne;
            if (!(openUnits > 100 * definition.TickSizeUnits && openUnits < uint.MaxValue / 4.0))
                throw new ArgumentException($"{definition.Symbol}: the opening price {Instruments[i].OpenPrice} is outside 100 ticks … {uint.MaxValue / 40_000}.");
        }
        if (SessionPrefix.Length > 4) throw new ArgumentException("SessionPrefix has at most 4 characters.");
        if (!int.IsPow2(RequestsMax) || RequestsMax <= 2 * Fix.MaxSessions) throw new ArgumentException("RequestsMax is a power of two, and above twice the sessions.");
        if (RejectRate is < 0 or > 1) throw new ArgumentException("RejectRate lies in 0–1.");
        if (DropShare is < 0 or > 1) throw new ArgumentException("DropShare lies in 0–1.");
        if (BackgroundRateHz is < 0 or > 1_000_000) throw new ArgumentException("BackgroundRateHz lies in 0–1,000,000.");
        if (Makers is < 1 or > 32 || MakerLevels is < 1 or > 64) throw new ArgumentException("Makers lies in 1–32, MakerLevels in 1–64.");
        foreach (ScriptedHalt halt in Halts)
            if (!Instruments.Any(i => i.Definition.Symbol == halt.Symbol))
                throw new ArgumentException($"The halt at {halt.AtSeconds} s names the unknown symbol '{halt.Symbol}'.");
    }
}
