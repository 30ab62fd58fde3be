using Appliance.Contract;

namespace Appliance.Fix.QuickFix;

/// <summary>A session over QuickFIX/n, as a desk file states it. What that library cannot do of the embedded session's options is not here; the host refuses a desk that asks for it.</summary>
public sealed record QuickFixGatewayOptions
{
    /// <summary>Index of the session in the desk: the Source of its events.</summary>
    public ushort Index { get; init; }
    public required string Host { get; init; }
    public required int Port { get; init; }
    public required string SenderCompId { get; init; }
    public required string TargetCompId { get; init; }
    /// <summary>BeginString (8): FIX.4.2, FIX.4.4, FIXT.1.1.</summary>
    public string BeginString { get; init; } = "FIX.4.4";
    /// <summary>DefaultApplVerID (1137) with FIXT.1.1; empty otherwise.</summary>
    public string DefaultApplVerId { get; init; } = "";
    public string Account { get; init; } = "";
    public int HeartbeatSeconds { get; init; } = 10;
    public bool ResetSequenceNumbersOnLogon { get; init; }
    /// <summary>Send orders again when the venue asks for them, instead of gap-filling them.</summary>
    public bool ResendApplicationMessages { get; init; }
    public IReadOnlyList<KeyValuePair<int, string>> LogonFields { get; init; } = [];
    public IReadOnlyList<KeyValuePair<int, string>> HeaderFields { get; init; } = [];
    public IReadOnlyList<KeyValuePair<int, string>> OrderFields { get; init; } = [];
    public bool Microseconds { get; init; } = true;
    /// <summary>Folder of the library's file store; null keeps numbers and messages in memory.</summary>
    public string? StoreDirectory { get; init; }
    /// <summary>After a crash: the venue's messages from this number on are asked for again; 0 takes the store's number.</summary>
    public uint NextIncomingAtMost { get; init; }
    /// <summary>Requests remembered by client order id and sequence number, a power of two.</summary>
    public int RecentOrders { get; init; } = 65_536;
}

/// <summary>Where an order stands before its bytes leave. The host gives its order log; the adapter does not see that project.</summary>
public interface IOrderRecord
{
    bool HasRoomFor(OrderRequestKind kind);
    void Append(in ApprovedOrder order, uint sequence);
}

/// <summary>The gateway with what a host wants beyond the port.</summary>
public interface IQuickFixGateway : IOrderGateway
{
    void Logout();
    bool IsLoggedOn { get; }
    /// <summary>The watchdog's lever, from any thread: the session ends, for good.</summary>
    void ShutdownNow();
    bool WasShutDown { get; }
    /// <summary>Numbers that the next messages bear; zeros while there is no session.</summary>
    (ulong Outgoing, ulong Incoming) NextSequences { get; }
    long Reports { get; }
}
