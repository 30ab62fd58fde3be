namespace Appliance.Tests.Lab;

/// <summary>A number and its derivative along one direction: forward-mode differentiation, in double precision, for the reference hedge.</summary>
internal readonly record struct Dual(double Value, double Slope)
{
    public static implicit operator Dual(double value) => new(value, 0);
    public static Dual operator +(Dual a, Dual b) => new(a.Value + b.Value, a.Slope + b.Slope);
    public static Dual operator -(Dual a, Dual b) => new(a.Value - b.Value, a.Slope - b.Slope);
    public static Dual operator *(Dual a, Dual b) => new(a.Value * b.Value, a.Slope * b.Value + a.Value * b.Slope);
    public static Dual operator /(Dual a, Dual b) => new(a.Value / b.Value, (a.Slope * b.Value - a.Value * b.Slope) / (b.Value * b.Value));
    public static Dual operator -(Dual a) => new(-a.Value, -a.Slope);

    public static Dual Abs(Dual a) => a.Value < 0 ? -a : a;
    public static Dual Max(Dual a, Dual b) => a.Value >= b.Value ? a : b;
    public static Dual Min(Dual a, Dual b) => a.Value <= b.Value ? a : b;
    public static Dual Exp(Dual a) => new(Math.Exp(a.Value), a.Slope * Math.Exp(a.Value));
    public static Dual Tanh(Dual a) => new(Math.Tanh(a.Value), a.Slope * (1 - Math.Tanh(a.Value) * Math.Tanh(a.Value)));
    public static Dual Sigmoid(Dual a) => 1.0 / (1.0 + Exp(-a));
    public static Dual Softplus(Dual a) => new(Math.Log(1 + Math.Exp(a.Value)), a.Slope / (1 + Math.Exp(-a.Value)));
}
