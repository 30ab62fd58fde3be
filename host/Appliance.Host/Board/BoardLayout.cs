using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Appliance.Host.Board;

/// <summary>Up to 31 bytes of UTF-8, zero-padded.</summary>
[InlineArray(32)]
internal struct BoardText
{
    /// <summary>Longer texts are cut.</summary>
    public const int MaxLength = 28;

    private byte _first;

    public void Set(string text)
    {
        Span<byte> bytes = this;
        bytes.Clear();
        Encoding.UTF8.TryGetBytes(text.Length > MaxLength ? text.AsSpan(0, MaxLength) : text, bytes[..31], out _);
    }

    public readonly string Get()
    {
        ReadOnlySpan<byte> bytes = this;
        int end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }
}

/// <summary>What the console shows of a portfolio.</summary>
internal struct BoardPortfolio
{
    public BoardText Name;
    public BoardText Underlying;
    public double Mid, HedgePosition, DeltaBefore, DeltaAfter, Gamma, Vega, Value, Pnl, OptionPnl, HedgePnl, Costs;
    public long Rebalances;
}

/// <summary>What the console shows of a stage.</summary>
internal struct BoardStage
{
    public long Count, P50, P90, P99, Max;
}

[InlineArray(8)] internal struct BoardPortfolios { private BoardPortfolio _first; }
[InlineArray(10)] internal struct BoardStages { private BoardStage _first; }

/// <summary>The snapshot that companions read: written under a sequence lock by the host's supervisor, never waited for.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BoardSnapshot
{
    public BoardText Desk;
    public BoardText Profile;
    public long ElapsedNs, RunNs, TimeUtcNs;
    public long Packets, Messages, Ticks, Gaps, Intents, Approved, RejectedByGate, Sent, Filled, Cancelled, RejectedByVenue, JournalLag, Gc0, Gc1, Gc2;
    /// <summary>Orders of ours without a final answer.</summary>
    public long LiveOrders;
    /// <summary>Of these, orders that the venue listed and nobody here knows.</summary>
    public long UnknownOrders;
    /// <summary>What the drop-copy session disagrees with, and stands open; see <see cref="DropCopyState"/>.</summary>
    public long DropCopyOpen, DropCopyMatched;
    /// <summary>0 when the desk has no drop copy, 1 while it is down, 2 while it is up.</summary>
    public int DropCopyState;
    public int SessionUp, Killed, Stopped, PortfolioCount;
    /// <summary>The gate's switch that holds new orders back now (a <see cref="Risk.GateVerdict"/>); 0 when none does.</summary>
    public int HeldBackBy;
    public BoardPortfolios Portfolios;
    public BoardStages Stages;
}
