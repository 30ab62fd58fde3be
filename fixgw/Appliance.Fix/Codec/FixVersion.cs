using System.Text;

namespace Appliance.Fix;

/// <summary>
/// One version of FIX as a session speaks it: what stands in BeginString (8), and for FIXT.1.1 the application version (DefaultApplVerID, 1137).
/// </summary>
public sealed class FixVersion
{
    public static readonly FixVersion Fix40 = new("FIX.4.0", "FIX.4.0", "");
    public static readonly FixVersion Fix41 = new("FIX.4.1", "FIX.4.1", "");
    public static readonly FixVersion Fix42 = new("FIX.4.2", "FIX.4.2", "");
    public static readonly FixVersion Fix43 = new("FIX.4.3", "FIX.4.3", "");
    public static readonly FixVersion Fix44 = new("FIX.4.4", "FIX.4.4", "");
    public static readonly FixVersion Fix50 = new("FIX.5.0", "FIXT.1.1", "7");
    public static readonly FixVersion Fix50Sp1 = new("FIX.5.0SP1", "FIXT.1.1", "8");
    public static readonly FixVersion Fix50Sp2 = new("FIX.5.0SP2", "FIXT.1.1", "9");

    /// <summary>Every version known, oldest first.</summary>
    public static readonly IReadOnlyList<FixVersion> All = [Fix40, Fix41, Fix42, Fix43, Fix44, Fix50, Fix50Sp1, Fix50Sp2];

    private readonly byte[] _beginString, _defaultApplVerId;

    private FixVersion(string name, string beginString, string defaultApplVerId)
    {
        Name = name;
        BeginString = beginString;
        DefaultApplVerId = defaultApplVerId;
        _beginString = Encoding.ASCII.GetBytes(beginString);
        _defaultApplVerId = Encoding.ASCII.GetBytes(defaultApplVerId);
        Order = name[4] * 100 + name[6] * 10 + (name.Length > 7 ? name[^1] - '0' : 0);
    }

    /// <summary>FIX.4.4, FIX.5.0SP2: as desk files write it.</summary>
    public string Name { get; }
    public string BeginString { get; }
    /// <summary>DefaultApplVerID (1137) of the Logon; empty before FIXT.1.1.</summary>
    public string DefaultApplVerId { get; }
    /// <summary>Transport and application have versions of their own.</summary>
    public bool IsFixt => DefaultApplVerId.Length > 0;
    public ReadOnlySpan<byte> BeginStringBytes => _beginString;
    public ReadOnlySpan<byte> DefaultApplVerIdBytes => _defaultApplVerId;
    internal int Order { get; }

    /// <summary>True for this version and the later ones.</summary>
    public bool IsAtLeast(FixVersion other) => Order >= other.Order;

    /// <summary>The highest SessionRejectReason (373) that this version defines; higher ones are left out of a Reject. −1: the version has no such field.</summary>
    public int SessionRejectReasonMax => !IsAtLeast(Fix42) ? -1 : this == Fix42 ? 11 : 99;

    /// <summary>EndSeqNo (16) that asks for everything: 0, and 999999 before FIX 4.2.</summary>
    public uint ResendToInfinity => IsAtLeast(Fix42) ? 0u : 999_999u;

    /// <summary>The version of that name; throws with the names there are.</summary>
    public static FixVersion Parse(string name) =>
        All.FirstOrDefault(v => v.Name == name) ?? throw new ArgumentException($"'{name}' is no FIX version known here; there are {string.Join(", ", All.Select(v => v.Name))}", nameof(name));

    public override string ToString() => Name;
}
