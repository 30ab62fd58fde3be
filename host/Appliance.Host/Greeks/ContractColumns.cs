using System.Text;
using Appliance.Host.Configuration;
using Appliance.Kernels.Pricing;

namespace Appliance.Host.Greeks;

/// <summary>The columns of a file of contracts. From <see cref="Spot"/> on they hold numbers.</summary>
internal enum Column
{
    Id, Contract, Model, Right, Spot, Strike, Expiry, Rate, Yield, Vol, Barrier, Rebate, Cash, Extremum, Fixings, ElapsedFixings, RunningAverage,
    Kappa, Theta, Xi, Rho, V0, Lambda, JumpMean, JumpStdDev,
    /// <summary>The one column that may be absent: with it a blank vol is solved for.</summary>
    Price,
}

/// <summary>The header of a file: which field of a line holds which column.</summary>
internal sealed class ContractColumns
{
    public const int Count = (int)Column.Price + 1;
    public static readonly string[] Names =
    [
        "id", "contract", "model", "right", "spot", "strike", "expiry", "rate", "yield", "vol", "barrier", "rebate", "cash", "extremum", "fixings", "elapsedFixings", "runningAverage",
        "kappa", "theta", "xi", "rho", "v0", "lambda", "jumpMean", "jumpStdDev", "price",
    ];

    /// <summary>Indexed by column: the field's place in a line, or −1.</summary>
    public int[] FieldOf { get; } = new int[Count];
    public int FieldCount { get; private init; }
    public bool HasPrice => FieldOf[(int)Column.Price] >= 0;

    /// <summary>Reads the header line; everything that is wrong with it is said at once.</summary>
    public static ContractColumns Read(string file, ReadOnlySpan<byte> buffer, ContractLines lines)
    {
        var columns = new ContractColumns { FieldCount = lines.FieldCount };
        Array.Fill(columns.FieldOf, -1);
        var errors = new List<string>();
        string where = $"{file}, line {lines.LineNumber}";
        if (lines.Fault is not null) throw new BadInputException($"{where}: the header cannot be read: {lines.Fault}");
        for (int field = 0; field < lines.FieldCount && field < ContractLines.FieldsMax; field++)
        {
            var seen = buffer[lines.FieldStart[field]..lines.FieldEnd[field]];
            int column = Find(seen);
            if (column < 0) errors.Add($"{where}: unknown column {Quote(seen)} (field {field + 1}); the columns are {string.Join(',', Names)} (price may be left out)");
            else if (columns.FieldOf[column] >= 0) errors.Add($"{where}: the column '{Names[column]}' stands twice, in fields {columns.FieldOf[column] + 1} and {field + 1}");
            else columns.FieldOf[column] = field;
        }
        if (lines.FieldCount > ContractLines.FieldsMax) errors.Add($"{where}: the header has {lines.FieldCount} fields, at most {Count} are known");
        string[] missing = [.. Names.Where((name, column) => columns.FieldOf[column] < 0 && column != (int)Column.Price)];
        if (missing.Length > 0) errors.Add($"{where}: missing column{(missing.Length > 1 ? "s" : "")} {string.Join(',', missing)}; all must stand in the header, and are left blank in rows that do not use them");
        if (errors.Count > 0) throw new BadInputException(errors);
        return columns;
    }

    private static int Find(ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < Names.Length; i++)
            if (Encoding.ASCII.GetByteCount(Names[i]) == name.Length && name.SequenceEqual(Encoding.ASCII.GetBytes(Names[i]))) return i;
        return -1;
    }

    /// <summary>A field as a message shows it: at most forty characters, what is not printable ASCII as a question mark.</summary>
    public static string Quote(ReadOnlySpan<byte> field)
    {
        var text = new StringBuilder("'");
        foreach (byte b in field[..Math.Min(field.Length, 40)]) text.Append(b is >= 0x20 and < 0x7f ? (char)b : '?');
        return text.Append(field.Length > 40 ? "...'" : "'").ToString();
    }
}

/// <summary>Which columns a contract and a model need, and which more they may use.</summary>
internal static class ColumnUse
{
    public static readonly string[] ContractWords =
    [
        "", "european", "american", "cash-digital", "asset-digital", "down-and-out", "down-and-in", "up-and-out", "up-and-in", "lookback-fixed", "lookback-floating", "asian-geometric", "asian-arithmetic",
    ];

    public static readonly string[] ModelWords = ["", "black-scholes", "black76", "heston", "merton", "bates"];

    public static uint Bit(Column column) => 1u << (int)column;

    public static uint Needed(ContractKind kind) => Bit(Column.Spot) | Bit(Column.Expiry) | Bit(Column.Rate) | kind switch
    {
        ContractKind.LookbackFloating => 0,
        ContractKind.CashDigital => Bit(Column.Strike) | Bit(Column.Cash),
        ContractKind.DownAndOut or ContractKind.DownAndIn or ContractKind.UpAndOut or ContractKind.UpAndIn => Bit(Column.Strike) | Bit(Column.Barrier),
        _ => Bit(Column.Strike),
    };

    public static uint Optional(ContractKind kind) => kind switch
    {
        ContractKind.DownAndOut or ContractKind.DownAndIn or ContractKind.UpAndOut or ContractKind.UpAndIn => Bit(Column.Rebate) | Bit(Column.Extremum),
        ContractKind.LookbackFixed or ContractKind.LookbackFloating => Bit(Column.Extremum),
        ContractKind.AsianGeometric or ContractKind.AsianArithmetic => Bit(Column.Fixings) | Bit(Column.ElapsedFixings) | Bit(Column.RunningAverage),
        _ => 0,
    };

    public static uint Needed(ModelKind kind)
    {
        uint heston = Bit(Column.Kappa) | Bit(Column.Theta) | Bit(Column.Xi) | Bit(Column.Rho) | Bit(Column.V0), jumps = Bit(Column.Lambda) | Bit(Column.JumpMean) | Bit(Column.JumpStdDev);
        return kind switch
        {
            ModelKind.Black76 => Bit(Column.Vol),
            ModelKind.Heston => Bit(Column.Yield) | heston,
            ModelKind.Merton => Bit(Column.Yield) | Bit(Column.Vol) | jumps,
            ModelKind.Bates => Bit(Column.Yield) | heston | jumps,
            _ => Bit(Column.Yield) | Bit(Column.Vol),
        };
    }
}
