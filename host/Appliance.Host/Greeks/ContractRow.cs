using System.Globalization;
using System.Runtime.CompilerServices;
using Appliance.Kernels.Pricing;

namespace Appliance.Host.Greeks;

/// <summary>One line as a contract and a model; it is filled anew for each line.</summary>
internal sealed class ContractRow
{
    private const int FirstNumber = (int)Column.Spot;
    private static readonly uint TermColumns = ColumnUse.Bit(Column.Strike) | ColumnUse.Bit(Column.Barrier) | ColumnUse.Bit(Column.Rebate) | ColumnUse.Bit(Column.Cash) | ColumnUse.Bit(Column.Extremum)
        | ColumnUse.Bit(Column.Fixings) | ColumnUse.Bit(Column.ElapsedFixings) | ColumnUse.Bit(Column.RunningAverage) | ColumnUse.Bit(Column.Price);

    private static readonly byte[][] ContractBytes = [.. ColumnUse.ContractWords.Select(System.Text.Encoding.ASCII.GetBytes)];
    private static readonly byte[][] ModelBytes = [.. ColumnUse.ModelWords.Select(System.Text.Encoding.ASCII.GetBytes)];
    private static readonly uint[] NeededByContract = [.. ContractBytes.Select((_, kind) => ColumnUse.Needed((ContractKind)kind))];
    private static readonly uint[] OptionalByContract = [.. ContractBytes.Select((_, kind) => ColumnUse.Optional((ContractKind)kind))];
    private static readonly uint[] NeededByModel = [.. ModelBytes.Select((_, kind) => ColumnUse.Needed((ModelKind)kind))];

    private readonly ContractColumns _columns;
    private readonly int[] _fieldOf;
    private readonly double[] _value = new double[ContractColumns.Count];

    public ContractRow(ContractColumns columns) => (_columns, _fieldOf) = (columns, columns.FieldOf);

    public int IdStart { get; private set; }
    public int IdLength { get; private set; }
    public ContractKind Kind { get; private set; }
    public ModelKind Model { get; private set; }
    public OptionRight Right { get; private set; }
    /// <summary>The volatility is to be found from the price.</summary>
    public bool SolvesVolatility { get; private set; }

    /// <summary>Zero where the column is blank.</summary>
    public double this[Column column]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _value[(int)column];
    }

    /// <summary>Takes the line that <paramref name="lines"/> stands on. Returns null, or what is wrong with it: one sentence that names the column.</summary>
    public string? Read(ContractLines lines)
    {
        ReadOnlySpan<byte> buffer = lines.Buffer;
        int[] starts = lines.FieldStart, ends = lines.FieldEnd;
        IdStart = IdLength = 0;
        if (lines.Fault is not null) return lines.Fault;
        int id = _fieldOf[(int)Column.Id];
        if (id < lines.FieldCount) (IdStart, IdLength) = (starts[id], ends[id] - starts[id]);
        if (lines.FieldCount != _columns.FieldCount) return Invariant($"the line has {lines.FieldCount} field{(lines.FieldCount == 1 ? "" : "s")}, the header {_columns.FieldCount}");
        if (IdLength == 0) return "id is blank";
        var idText = buffer.Slice(IdStart, IdLength);
        if (idText.IndexOfAnyInRange((byte)0, (byte)0x1f) >= 0)
        {
            IdLength = 0;
            return "id holds a control character";
        }

        var word = Field(buffer, starts, ends, Column.Contract);
        Kind = word.SequenceEqual("european"u8) ? ContractKind.European : (ContractKind)Word(word, ContractBytes);
        if (Kind == ContractKind.None) return Unknown("contract", word, ColumnUse.ContractWords);
        word = Field(buffer, starts, ends, Column.Model);
        Model = (ModelKind)Word(word, ModelBytes);
        if (Model == ModelKind.None) return Unknown("model", word, ColumnUse.ModelWords);
        word = Field(buffer, starts, ends, Column.Right);
        Right = word.SequenceEqual("call"u8) ? OptionRight.Call : word.SequenceEqual("put"u8) ? OptionRight.Put : OptionRight.None;
        if (Right == OptionRight.None) return Unknown("right", word, ["", "call", "put"]);

        uint given = 0, nonZero = 0;
        for (int column = FirstNumber; column < ContractColumns.Count; column++)
        {
            _value[column] = 0;
            int field = _fieldOf[column];
            if (field < 0 || starts[field] == ends[field]) continue;
            var text = buffer[starts[field]..ends[field]];
            if (!NumberReader.TryRead(text, out double value)) return $"{ContractColumns.Names[column]}: {ContractColumns.Quote(text)} is not a number";
            if (!double.IsFinite(value)) return $"{ContractColumns.Names[column]}: {ContractColumns.Quote(text)} is beyond the range of numbers";
            _value[column] = value;
            given |= 1u << column;
            if (value != 0) nonZero |= 1u << column;
        }
        return CheckUse(given, nonZero);
    }

    private string? CheckUse(uint given, uint nonZero)
    {
        uint needed = NeededByContract[(int)Kind] | NeededByModel[(int)Model], price = ColumnUse.Bit(Column.Price), vol = ColumnUse.Bit(Column.Vol);
        bool canSolve = Kind == ContractKind.European && Model is ModelKind.BlackScholes or ModelKind.Black76;
        SolvesVolatility = canSolve && (given & (price | vol)) == price;
        if (SolvesVolatility) needed = needed & ~vol | price;
        uint missing = needed & ~given;
        if (missing != 0)
        {
            Column column = (Column)System.Numerics.BitOperations.TrailingZeroCount(missing);
            return $"{Name(column)} is blank; {Who(column)} needs it";
        }
        // A market's columns may be filled for every row, so that a file is priced under another model by changing one word. A contract's terms may not, unless by the zeros that spreadsheets fill in:
        // a barrier on a european says that another contract was meant than the one that would be priced.
        uint extra = nonZero & TermColumns & ~(needed | OptionalByContract[(int)Kind]);
        if (extra != 0)
        {
            Column column = (Column)System.Numerics.BitOperations.TrailingZeroCount(extra);
            if (column == Column.Price) return canSolve ? "vol and price are both given: leave one of them blank" : "price is given: a volatility is solved for only for european under black-scholes or black76";
            return $"{Name(column)} is given, but {ColumnUse.ContractWords[(int)Kind]} does not use it: leave it blank or 0";
        }
        if ((needed & ColumnUse.Bit(Column.Strike)) != 0 && !(this[Column.Strike] > 0)) return "strike must be above zero";
        return OptionalByContract[(int)Kind] == 0 ? null : CheckOptional(given);
    }

    private string? CheckOptional(uint given)
    {
        bool Given(Column column) => (given & ColumnUse.Bit(column)) != 0;
        if (Given(Column.Extremum) && !(this[Column.Extremum] > 0) && Kind is ContractKind.LookbackFixed or ContractKind.LookbackFloating) return "extremum must be above zero, or blank when it is the spot";
        if (Kind is not (ContractKind.AsianGeometric or ContractKind.AsianArithmetic)) return null;
        double fixings = this[Column.Fixings], elapsed = this[Column.ElapsedFixings];
        if (Given(Column.Fixings) && !(fixings >= 1 && fixings <= 100_000 && fixings == Math.Floor(fixings))) return "fixings must be a whole number from 1 to 100000, or blank for a continuous average";
        if (!(elapsed >= 0 && elapsed <= fixings && elapsed == Math.Floor(elapsed))) return "elapsedFixings must be a whole number from 0 to fixings";
        if (elapsed == 0 && this[Column.RunningAverage] != 0) return "runningAverage is given, but no fixings have elapsed: leave it blank or 0";
        return null;
    }

    public void Fill(out OptionContract contract, out MarketModel model)
    {
        contract = new OptionContract
        {
            Kind = Kind, Right = Right, Spot = this[Column.Spot], Strike = this[Column.Strike], Expiry = this[Column.Expiry], Barrier = this[Column.Barrier], Rebate = this[Column.Rebate],
            Cash = this[Column.Cash], Extremum = this[Column.Extremum], Fixings = (int)this[Column.Fixings], ElapsedFixings = (int)this[Column.ElapsedFixings],
            RunningAverage = this[Column.RunningAverage],
        };
        model = new MarketModel
        {
            Kind = Model, Rate = this[Column.Rate], Yield = Model == ModelKind.Black76 ? 0 : this[Column.Yield], Volatility = this[Column.Vol], Kappa = this[Column.Kappa], Theta = this[Column.Theta], Xi = this[Column.Xi],
            Rho = this[Column.Rho], V0 = this[Column.V0], Lambda = this[Column.Lambda], JumpMean = this[Column.JumpMean], JumpStdDev = this[Column.JumpStdDev],
        };
    }

    private string Who(Column column) =>
        (NeededByContract[(int)Kind] & ColumnUse.Bit(column)) != 0 ? ColumnUse.ContractWords[(int)Kind] : ColumnUse.ModelWords[(int)Model];

    private static string Name(Column column) => ContractColumns.Names[(int)column];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ReadOnlySpan<byte> Field(ReadOnlySpan<byte> buffer, int[] starts, int[] ends, Column column)
    {
        int field = _fieldOf[(int)column];
        return buffer[starts[field]..ends[field]];
    }

    private static int Word(ReadOnlySpan<byte> word, byte[][] words)
    {
        for (int i = 1; i < words.Length; i++)
            if (word.SequenceEqual(words[i])) return i;
        return 0;
    }

    private static string Unknown(string column, ReadOnlySpan<byte> seen, string[] words) =>
        seen.Length == 0 ? $"{column} is blank" : $"{column}: {ContractColumns.Quote(seen)} is not one of {string.Join(' ', words.Skip(1))}";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
